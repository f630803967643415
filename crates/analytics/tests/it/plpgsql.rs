//! The functions of this service's folders through plpgsql_check: a body that names what is not there is created without
//! complaint.

use std::{fs, path::Path};

use testkit::db::TestDb;

#[tokio::test]
#[cfg_attr(not(plpgsql_check), ignore = "plpgsql_check is not installed (Debian: postgresql-15-plpgsql-check)")]
async fn no_function_names_what_is_not_there() {
    let db = TestDb::new().await;
    let available: bool =
        sqlx::query_scalar("select exists (select from pg_available_extensions where name = 'plpgsql_check')")
            .fetch_one(&db.owner)
            .await
            .unwrap();
    if !available {
        println!("SKIPPED: this server has no plpgsql_check (Debian: postgresql-15-plpgsql-check)");
        return;
    }
    if let Err(error) = sqlx::query("create extension plpgsql_check").execute(&db.owner).await {
        println!("SKIPPED: plpgsql_check cannot be installed by the tests' role: {error}");
        return;
    }
    let names: Vec<String> = ["tasks", "stats", "history", "jobs", "mails"].into_iter().flat_map(functions).collect();
    assert!(names.len() > 20, "{names:?}");
    let faults: Vec<String> = sqlx::query_scalar(
        "select p.proname || ': ' || fault
         from pg_proc p
         join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql',
             plpgsql_check_function(p.oid, fatal_errors => false, performance_warnings => false) fault
         where p.proname = any($1) and fault like 'error:%'",
    )
    .bind(&names)
    .fetch_all(&db.owner)
    .await
    .unwrap();
    assert_eq!(faults, Vec::<String>::new());
}

/// The functions of a folder, which are its files.
fn functions(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sql/functions").join(folder);
    let files = fs::read_dir(&folder).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}
