//! A list is taken in whole or not at all: dropped half way, two at once, rows of a table, lists inside jobs, and whatever
//! bytes people send.

use std::io::Write;
use std::time::Duration;

use common::db::TenantTx;
use data_service::dimensions::{ListFormat, ListKind, ListMode, ListOptions, OnError, TableRows, TakeError, take_list};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use testkit::workbook::{XlsxCell, workbook};

use crate::people::People;
use crate::support::Shop;

const SKIP: ListOptions = ListOptions { mode: ListMode::Merge, on_error: OnError::Skip, dry_run: false };

fn file(content: impl AsRef<[u8]>) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content.as_ref()).unwrap();
    file
}

fn many(lines: usize, name: &str) -> String {
    std::iter::once("user_id,name\n".to_owned()).chain((0..lines).map(|n| format!("U{n:06},{name}\n"))).collect()
}

#[tokio::test]
async fn a_list_that_is_dropped_half_way_leaves_nothing_and_harms_nobody() {
    let people = People::new().await;
    people.import("users", "", "id,name\nU000001,Before\n").await.expect(200);
    let before = people.stored().await;
    let list = file(many(30_000, "After"));
    // Once with every wait a little longer: before it begins, while it reads, while it compares, while it commits.
    let mut was_cut = 0;
    for milliseconds in [0, 1, 5, 10, 20, 40, 80, 120, 160] {
        let taking = take_list(
            &people.state.pool,
            people.tenant,
            ListKind::Users,
            list.path(),
            ListFormat::File,
            ListOptions::default(),
        );
        if tokio::time::timeout(Duration::from_millis(milliseconds), taking).await.is_err() {
            was_cut += 1;
            let now = people.stored().await;
            assert!(now == before || now.len() == 30_000, "{} rows after {milliseconds} ms", now.len());
        }
    }
    assert!(was_cut > 2, "the list is too short for this test");
    // The connections that were cut off work on.
    let done = people.import("users", "", many(30_000, "After")).await.expect(200);
    assert_eq!(done["rows"], 30_000);
    assert_eq!(people.stored().await.len(), 30_000);
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_nothing() {
    let people = People::new().await;
    let (send, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(4);
    let body = reqwest::Body::wrap_stream(futures::stream::unfold(body, |mut body| async move {
        body.recv().await.map(|chunk| (chunk, body))
    }));
    let request = people.owner.request(reqwest::Method::POST, "/data/users/import").body(body);
    let calling = tokio::spawn(request.send());
    send.send(Ok(b"id,name\nU1,Ann\n".to_vec())).await.unwrap();
    while people.spooled() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    calling.abort();
    drop(send);
    for _ in 0..400 {
        if people.spooled() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((people.spooled(), people.users().await.len()), (0, 0));
}

#[tokio::test]
async fn lists_at_once_come_one_after_the_other() {
    let people = People::new().await;
    let lists: Vec<String> = (0..6).map(|n| many(3000, &format!("of list {n}"))).collect();
    let answers = futures::future::join_all(lists.iter().map(|list| people.import("users", "", list.clone()))).await;
    let answers: Vec<Value> = answers.iter().map(|answer| answer.expect(200)).collect();
    // The first one adds everybody, each further one changes everybody: none saw half of another.
    let count = |key: &str| -> Vec<i64> { answers.iter().map(|answer| answer[key].as_i64().unwrap()).collect() };
    let (mut added, mut changed) = (count("added"), count("changed"));
    added.sort_unstable();
    changed.sort_unstable();
    assert_eq!((added, changed), (vec![0, 0, 0, 0, 0, 3000], vec![0, 3000, 3000, 3000, 3000, 3000]));
    let names = people.texts("select distinct user_name from users").await;
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test]
async fn rows_of_a_table_are_a_list() {
    let people = People::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    let columns = ["CustomerNo", "Company", "mobile", "active", "tags"].map(String::from);
    let mut rows = TableRows::create(&path, &columns).unwrap();
    for row in [
        json!({"CustomerNo": "4711", "Company": "Acme\nLtd", "active": true, "tags": ["a"]}),
        json!({"CustomerNo": 12_345_678_901_234_567_i64, "mobile": "0170"}),
        json!({"Company": "nobody's"}),
        json!({"CustomerNo": "X", "Company": {"name": "nested"}}),
        json!({"CustomerNo": "4711"}),
    ] {
        rows.row(serde_json::to_string_pretty(&row).unwrap().as_bytes()).unwrap();
    }
    rows.row(b"no json").unwrap();
    assert_eq!(rows.finish().unwrap(), 6);
    let take =
        |options| take_list(&people.state.pool, people.tenant, ListKind::Users, &path, ListFormat::TableRows, options);
    let Err(TakeError::Lines(rejected)) = take(ListOptions::default()).await else { panic!("lines that are not good") };
    let told: Vec<String> = rejected.named.iter().map(|line| format!("{} {}", line.line, line.reason())).collect();
    assert_eq!(
        &told[..3],
        [
            "3 user_id is missing",
            "4 buying_company_name is a list or a record, not a value",
            "5 user_id `4711` is also in line 1"
        ]
    );
    assert!(told[3].starts_with("6 is no row"), "{told:?}");
    assert_eq!(rejected.named[0].raw, r#"{   "Company": "nobody's" }"#);
    assert_eq!(people.users().await.len(), 0);
    let outcome = take(SKIP).await.unwrap();
    assert_eq!((outcome.comparison.added, outcome.rejected.lines), (2, 4));
    assert_eq!(outcome.ignored_columns, ["tags"]);
    assert_eq!(
        people.users().await,
        [
            json!(["12345678901234567", null, null, null, "0170", null, true]),
            json!(["4711", null, "Acme\nLtd", null, null, null, true])
        ]
    );
    let empty = folder.path().join("empty");
    TableRows::create(&empty, &["user_id".into()]).unwrap().finish().unwrap();
    let refused =
        take_list(&people.state.pool, people.tenant, ListKind::Users, &empty, ListFormat::TableRows, SKIP).await;
    assert!(matches!(refused, Err(TakeError::Refused(reason)) if reason == "there are no lines in it"));
}

#[tokio::test]
async fn a_job_reads_its_lists_as_a_request_does() {
    let shop = Shop::new().await;
    let cells = |row: &[&str]| -> Vec<XlsxCell> { row.iter().map(|cell| XlsxCell::from(*cell)).collect() };
    let users = workbook(&[
        cells(&["Customer number", "E-Mail", "Firm"]),
        vec![XlsxCell::Number(7.0), "x@example.com".into(), "Köhler".into()],
    ]);
    let latin = encoding_rs::WINDOWS_1252.encode("Branch code;Town\r\nD1;Köln\r\n").0.into_owned();
    let files = [shop.file("customers.xlsx", users), shop.file("shops.csv", latin)];
    let job = shop.import("replace", &files).await;
    assert_eq!(job.status, "completed", "{job:?}");
    assert_eq!((job.records_processed["users_processed"], job.records_processed["locations_processed"]), (1, 1));
    assert_eq!(
        shop.texts("select user_id || ' ' || email || ' ' || buying_company_name from users").await,
        ["7 x@example.com Köhler"]
    );
    assert_eq!(shop.texts("select location_id || ' ' || city from locations").await, ["D1 Köln"]);

    // What the file does not have stays; a later file of the job wins.
    let files =
        [shop.file("a.csv", "customer no,name\n7,Ann\n"), shop.file("b.csv", "customer no,name\n7,Anna\n8,Bob\n")];
    assert_eq!(shop.import("replace", &files).await.status, "completed");
    let sql = "select concat_ws(' ', user_id, user_name, email) from users order by 1";
    assert_eq!(shop.texts(sql).await, ["7 Anna x@example.com", "8 Bob"]);

    // One bad line of a hundred is rejected with its reason, the others are taken.
    let mut list = many(150, "x");
    list.push_str("U000003,again\n");
    let job = shop.import("replace", &[shop.file("many.csv", list)]).await;
    assert_eq!((job.status.as_str(), job.rejected), ("completed_with_warnings", 1), "{job:?}");
    let told = shop.texts("select line || ': ' || reason || ' / ' || raw from rejected_rows").await;
    assert_eq!(told, ["152: user_id `U000003` is also in line 5 / U000003,again"]);
    assert_eq!(shop.number("select count(*) from users").await, 152);

    let notes = workbook(&[cells(&["Dear Sir or Madam"])]);
    let job = shop.import("replace", &[shop.file("notes.xlsx", notes)]).await;
    assert_eq!(job.status, "failed");
    assert!(job.error_message.unwrap().starts_with("notes.xlsx: no sheet of the workbook begins with the header"));
}

/// A good list in one of its forms.
fn good(form: usize) -> Vec<u8> {
    let csv =
        "user_id;Name;E-Mail;Mobile;active\nU1;Jürgen \"x\";a@example.com;0170;yes\n\"U;2\";\"two\nlines\";;;no\n";
    match form {
        0 => csv.as_bytes().to_vec(),
        1 => encoding_rs::WINDOWS_1252.encode(csv).0.into_owned(),
        2 => zstd::encode_all(csv.as_bytes(), 1).unwrap(),
        _ => {
            let mut zip = zip::ZipArchive::new(std::io::Cursor::new(workbook(&[
                ["user_id", "Name", "E-Mail", "Mobile", "active"].map(XlsxCell::from).to_vec(),
                vec![
                    "U1".into(),
                    XlsxCell::Inline("Jürgen & <Co>".into()),
                    "a@example.com".into(),
                    XlsxCell::Number(170.0),
                    XlsxCell::Bool(true),
                ],
                vec![
                    XlsxCell::Number(2.0),
                    XlsxCell::Error("#N/A"),
                    XlsxCell::Empty,
                    XlsxCell::Date(46_083.0),
                    XlsxCell::Bool(false),
                ],
            ])))
            .unwrap();
            if form == 3 {
                return zip.into_inner().into_inner();
            }
            // Not compressed, so that damage reaches the XML and not the decompression.
            let mut plain = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            for n in 0..zip.len() {
                let mut part = zip.by_index(n).unwrap();
                let name = part.name().unwrap().into_owned();
                let stored =
                    zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
                plain.start_file(name, stored).unwrap();
                std::io::copy(&mut part, &mut plain).unwrap();
            }
            plain.finish().unwrap().into_inner()
        }
    }
}

#[derive(Debug, Clone)]
enum Damage {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Cut(usize),
    Repeat(usize, usize),
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        let length = bytes.len().max(1);
        match damage {
            Damage::Set(at, byte) => {
                let at = at % length;
                bytes[at..].iter_mut().take(1).for_each(|b| *b = *byte);
            }
            Damage::Insert(at, more) => {
                let at = at % length;
                bytes.splice(at..at, more.iter().copied());
            }
            Damage::Remove(at, count) => {
                let at = at % length;
                bytes.drain(at..(at + count % 40).min(bytes.len()));
            }
            Damage::Cut(at) => bytes.truncate(at % length),
            Damage::Repeat(at, count) => {
                let at = at % length;
                let part = bytes[at..(at + count % 200).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = 0..10_000usize;
    let snippets = prop::sample::select(vec![
        "\"",
        ";",
        ",",
        "\n",
        "\0",
        "<",
        ">",
        "&",
        "&#0;",
        "&bogus;",
        "<c>",
        "</row>",
        "<![CDATA[",
        "r=\"XFD1048576\"",
        "r=\"ZZZZ99\"",
        "99999999999",
        "uniqueCount=\"99999999999999\"",
        "\u{feff}",
        "sep=;\n",
        "é",
        "(not set)",
        "-1",
        "1e999",
        "NaN",
    ]);
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (at.clone(), snippets).prop_map(|(at, text)| Damage::Insert(at, text.as_bytes().to_vec())),
        (at.clone(), prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(at, more)| Damage::Insert(at, more)),
        (at.clone(), at.clone()).prop_map(|(at, count)| Damage::Remove(at, count)),
        at.clone().prop_map(Damage::Cut),
        (at.clone(), at).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ]
}

/// Any bytes, and good files with damage: an answer and never a panic, and of a list that is refused nothing is written.
#[test]
fn whatever_is_sent_is_taken_whole_or_refused_whole() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let people = runtime.block_on(People::new());
    let cases = std::env::var("LIST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let bytes = prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..400),
        1 => (prop::sample::select(vec!["user_id,name\n", "PK\u{3}\u{4}", "id;x\n\"", "\u{feff}id\t"]), prop::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(start, rest)| [start.as_bytes(), &rest].concat()),
        8 => (0..5usize, prop::collection::vec(damage(), 1..4)).prop_map(|(form, damages)| damaged(good(form), &damages)),
    ];
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(bytes, any::<bool>()), |(bytes, skips)| {
            runtime.block_on(async {
                let list = file(&bytes);
                let options = if skips { SKIP } else { ListOptions::default() };
                let taken = take_list(
                    &people.state.pool,
                    people.tenant,
                    ListKind::Users,
                    list.path(),
                    ListFormat::File,
                    options,
                )
                .await;
                let written = people.users().await.len();
                match taken {
                    Ok(outcome) => {
                        let comparison = &outcome.comparison;
                        prop_assert_eq!(comparison.added, i64::try_from(written).unwrap());
                        let good = outcome.rows - outcome.rejected.lines;
                        prop_assert_eq!(comparison.added + comparison.unchanged, i64::try_from(good).unwrap());
                    }
                    Err(TakeError::Refused(reason)) => {
                        prop_assert!(!reason.is_empty() && reason.len() < 3000, "{}", reason);
                        prop_assert_eq!(written, 0);
                    }
                    Err(TakeError::Lines(rejected)) => {
                        prop_assert!(!rejected.named.is_empty() && !skips);
                        prop_assert_eq!(written, 0);
                    }
                    // Neither our machine nor the database is at fault, whatever was sent.
                    Err(error) => prop_assert!(false, "{:?}", error),
                }
                let mut tx = TenantTx::begin(&people.db.app, people.tenant).await.unwrap();
                sqlx::query("delete from users").execute(tx.conn()).await.unwrap();
                tx.commit().await.unwrap();
                Ok(())
            })
        })
        .unwrap();
}
