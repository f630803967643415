//! data-service: serves without a sub-command; `db`, `import`, `demo`, `source` and `openapi` are the operator's.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    data_service::cli::main().await
}
