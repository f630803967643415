//! Job folders that nobody would remove.

use std::time::Duration;

use common::ids::JobId;
use data_service::ingest::spool::JobFolder;
use data_service::ingest::submit::submit;
use data_service::ingest::sweep::sweep;

use crate::support::Shop;

#[tokio::test]
async fn folders_without_a_living_job_are_swept_and_the_others_stay() {
    let shop = Shop::new().await;
    let root = &shop.ingestion.data_root;
    let file = shop.file("rows.json", "{}");
    let waiting = submit(&shop.ingestion.pool, root, shop.tenant, "replace", &[file]).await.unwrap();
    // An upload whose process died before its job was made.
    let broken = JobId::generate();
    std::fs::create_dir_all(JobFolder::of(root, shop.tenant, broken).incoming()).unwrap();
    // A young folder may still be filling.
    assert_eq!(sweep(&shop.ingestion, Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(sweep(&shop.ingestion, Duration::ZERO).await.unwrap(), 1);
    assert!(JobFolder::of(root, shop.tenant, waiting).incoming().is_dir());
    assert!(!JobFolder::of(root, shop.tenant, broken).incoming().exists());
    assert_eq!(shop.work(waiting).await.status, "failed");
}
