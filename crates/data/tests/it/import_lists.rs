//! Lists of users and locations as people have them: every encoding, separator and kind of file; what they change, what
//! they refuse, and that a refusal writes nothing.

use std::io::Write;

use common::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::{Answer, Client};
use testkit::workbook::{XlsxCell, workbook};

use crate::people::People;

fn counts(answer: &Value) -> [i64; 6] {
    ["rows", "added", "changed", "deactivated", "unchanged", "skipped"].map(|key| answer[key].as_i64().unwrap())
}

fn errors(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().unwrap();
    errors.iter().map(|e| format!("{} {}", e["field"].as_str().unwrap(), e["message"].as_str().unwrap())).collect()
}

fn cells(row: &[&str]) -> Vec<XlsxCell> {
    row.iter().map(|cell| XlsxCell::from(*cell)).collect()
}

#[tokio::test]
async fn the_same_list_is_the_same_in_every_form() {
    let people = People::new().await;
    let list = [
        ["Customer No.", "Name", "Firm", "E-Mail", "Mobile", "Office phone", "Active", "Shoe size"],
        ["4711", "Jürgen Äß", "Müller, \"50%\" & Söhne", "j@example.com", "0170 1", "", "yes", "42"],
        ["K;2", "(not set)", "two\nlines", "", "", "0421 2", "no", ""],
    ];
    let quoted = |delimiter: &str, end: &str| -> String {
        let line = |row: &[&str]| row.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect::<Vec<_>>();
        list.iter().map(|row| line(row).join(delimiter) + end).collect()
    };
    let latin = |text: &str| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let sheet: Vec<Vec<XlsxCell>> = list.iter().map(|row| cells(row)).collect();
    let inline: Vec<Vec<XlsxCell>> =
        list.iter().map(|row| row.iter().map(|c| XlsxCell::Inline((*c).to_owned())).collect()).collect();
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("utf-8", quoted(",", "\n").into_bytes()),
        ("utf-8 with mark", format!("\u{feff}{}", quoted(",", "\r\n")).into_bytes()),
        ("semicolons", quoted(";", "\r\n").into_bytes()),
        ("tabs", quoted("\t", "\n").into_bytes()),
        ("windows-1252", latin(&quoted(";", "\r\n"))),
        ("excel's separator line", format!("sep=;\r\n{}", quoted(";", "\r\n")).into_bytes()),
        ("gzip", gzip(quoted(",", "\n").as_bytes())),
        ("zstd", zstd::encode_all(quoted(",", "\n").as_bytes(), 1).unwrap()),
        ("no last line end", quoted(",", "\n").trim_end().as_bytes().to_vec()),
        ("carriage returns alone", quoted(",", "\r").replace("two\nlines", "two lines").into_bytes()),
        ("xlsx", workbook(&sheet)),
        ("xlsx with texts in cells", workbook(&inline)),
    ];
    let expected = |company: &str| {
        vec![
            json!(["4711", "Jürgen Äß", "Müller, \"50%\" & Söhne", "j@example.com", "0170 1", null, true]),
            json!(["K;2", null, company, null, null, "0421 2", false]),
        ]
    };
    for (form, body) in forms {
        let answer = people.import("users", "", body).await;
        assert_eq!(answer.status, 200, "{form}: {}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["ignored_columns"], json!(["Shoe size"]), "{form}");
        let company = if form == "carriage returns alone" { "two lines" } else { "two\nlines" };
        assert_eq!(people.users().await, expected(company), "{form}");
        let mut tx = common::db::TenantTx::begin(&people.db.app, people.tenant).await.unwrap();
        sqlx::query("delete from users").execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(people.spooled(), 0, "a body must not stay on the disk");
}

#[tokio::test]
async fn a_spreadsheet_keeps_ids_and_phones_as_people_typed_them() {
    let people = People::new().await;
    let body = workbook(&[
        cells(&["Customer number", "Mobile", "Name", "Status"]),
        vec![
            XlsxCell::Number(4711.0),
            XlsxCell::Number(4_915_112_345_678.0),
            XlsxCell::Date(46_083.0),
            XlsxCell::Bool(true),
        ],
        vec![XlsxCell::Number(12.5), "0170/1".into(), XlsxCell::Number(3.0), XlsxCell::Bool(false)],
        vec![],
        vec![XlsxCell::Empty, "  ".into()],
        vec!["007".into(), XlsxCell::Empty, XlsxCell::Empty, "inactive".into()],
    ]);
    let answer = people.import("users", "", body).await.expect(200);
    assert_eq!(counts(&answer), [3, 3, 0, 0, 0, 0]);
    assert_eq!(
        people.users().await,
        [
            json!(["007", null, null, null, null, null, false]),
            json!(["12.5", "3", null, null, "0170/1", null, false]),
            // 46,083 days after the end of 1899 is the second of March 2026.
            json!(["4711", "2026-03-02", null, null, "4915112345678", null, true]),
        ]
    );
    let damaged = workbook(&[
        cells(&["id", "email", "mobile"]),
        vec![XlsxCell::Number(4_711_471_147_114_711.0)],
        vec![XlsxCell::Date(46_083.0)],
        vec!["ok".into(), XlsxCell::Error("#N/A"), XlsxCell::Number(1e20)],
        vec![XlsxCell::Error("#REF!"), "a@example.com".into()],
    ]);
    let problem = people.import("users", "", damaged).await.problem(422);
    assert_eq!(
        errors(&problem),
        [
            "lines[2].user_id has more than 15 digits, which a spreadsheet rounds: format the column as text",
            "lines[3].user_id has become a date in the spreadsheet: format the column as text",
            "lines[4].email is an error in the sheet, #N/A",
            "lines[4].cell_phone has more than 15 digits, which a spreadsheet rounds: format the column as text",
            "lines[5].user_id is an error in the sheet, #REF!",
        ]
    );
    assert_eq!(people.users().await.len(), 3);
}

#[tokio::test]
async fn the_first_sheet_that_has_the_header_is_taken() {
    let people = People::new().await;
    let mut body = std::io::Cursor::new(Vec::new());
    let notes = [cells(&["Notes of March"]), cells(&["nothing"])];
    let shops =
        [cells(&[""]), cells(&["", "Branch code", "Branch name", "Province"]), cells(&["", "D01", "Downtown", "NV"])];
    testkit::workbook::write_workbook(
        &mut body,
        &[("Notes & more", &|row| notes.get(row).cloned()), ("Shops", &|row| shops.get(row).cloned())],
    );
    let answer = people.import("locations", "", body.get_ref().clone()).await.expect(200);
    assert_eq!(counts(&answer), [1, 1, 0, 0, 0, 0]);
    assert_eq!(people.locations().await, [json!(["D01", "Downtown", null, "NV", true])]);
    let problem = people.import("users", "", body.into_inner()).await.problem(422);
    let detail = problem["errors"][0]["message"].as_str().unwrap();
    assert!(detail.contains("there is no column user_id") && detail.contains("sheet `"), "{detail}");
}

#[tokio::test]
async fn a_list_adds_and_changes_what_it_names_and_nothing_else() {
    let people = People::new().await;
    let first = "id,name,company,email,mobile,office phone,active\n\
        U1,Ann,Acme,ann@example.com,1,2,yes\nU2,Bob,Acme,,,,\nU3,Cid,,,,,no\nU4,Dee,,,,,yes\n";
    assert_eq!(counts(&people.import("users", "", first).await.expect(200)), [4, 4, 0, 0, 0, 0]);
    let before = people.stored().await;

    // The same again changes nothing, not even a time.
    let again = people.import("users", "", first).await.expect(200);
    assert_eq!(counts(&again), [4, 0, 0, 0, 4, 0]);
    assert_eq!(again["changes"], json!([]));
    assert_eq!(people.stored().await, before);

    // A column that the file does not have stays; an empty cell of one that it has empties it, except of is_active.
    let second = "id,company,active\nU4,Acme,no\nU1,,\nU2,Acme,1\nU3,,yes\nU5,New,\n";
    let answer = people.import("users", "", second).await.expect(200);
    assert_eq!(counts(&answer), [5, 1, 2, 1, 1, 0]);
    assert_eq!(
        answer["changes"],
        json!([
            {"id": "U4", "change": "deactivated", "fields": ["buying_company_name", "is_active"]},
            {"id": "U1", "change": "changed", "fields": ["buying_company_name"]},
            {"id": "U3", "change": "changed", "fields": ["is_active"]},
            {"id": "U5", "change": "added", "fields": ["buying_company_name", "is_active"]},
        ])
    );
    assert_eq!(
        people.users().await,
        [
            json!(["U1", "Ann", null, "ann@example.com", "1", "2", true]),
            json!(["U2", "Bob", "Acme", null, null, null, true]),
            json!(["U3", "Cid", null, null, null, null, true]),
            json!(["U4", "Dee", "Acme", null, null, null, false]),
            json!(["U5", null, "New", null, null, null, true]),
        ]
    );
    let untouched = people.stored().await.iter().filter(|row| before.contains(row)).count();
    assert_eq!(untouched, 1, "U2 is as it was, its times included");
}

#[tokio::test]
async fn locations_go_by_their_code_until_they_have_a_name() {
    let people = People::new().await;
    people.import("locations", "", "branch,city\nD01,Reno\nD02,\n").await.expect(200);
    people.import("locations", "", "branch,branch name,state\nD01,Downtown,NV\nD03,,\n").await.expect(200);
    assert_eq!(
        people.locations().await,
        [
            json!(["D01", "Downtown", "Reno", "NV", true]),
            json!(["D02", "D02", null, null, true]),
            json!(["D03", "D03", null, null, true]),
        ]
    );
    let answer = people.import("locations", "", "store id,active\nD01,inactive\nD02,y\n").await.expect(200);
    assert_eq!(counts(&answer), [2, 0, 0, 1, 1, 0]);
    assert_eq!(people.locations().await[0], json!(["D01", "Downtown", "Reno", "NV", false]));
}

#[tokio::test]
async fn a_whole_list_deactivates_who_is_missing_and_deletes_nobody() {
    let people = People::new().await;
    people.import("users", "", "id,name,active\nU1,Ann,1\nU2,Bob,1\nU3,Cid,0\nU4,Dee,1\n").await.expect(200);
    let list = "id,name\nU2,Robert\nU5,Eve\n";
    let predicted = people.import("users", "?mode=replace&dry_run=true", list).await.expect(200);
    let done = people.import("users", "?mode=replace", list).await.expect(200);
    assert_eq!(counts(&done), [2, 1, 1, 2, 0, 0]);
    assert_eq!((&done["changes"], counts(&done)), (&predicted["changes"], counts(&predicted)));
    let active: Vec<Value> =
        people.users().await.into_iter().filter(|user| user[6] == true).map(|u| u[0].clone()).collect();
    assert_eq!(active, ["U2", "U5"]);
    assert_eq!(people.users().await.len(), 5);
    // The inactive stay inactive and are not counted again.
    assert_eq!(counts(&people.import("users", "?mode=replace", list).await.expect(200)), [2, 0, 0, 0, 2, 0]);

    for empty in ["id,name\n", "id,name\n,\n\n"] {
        let problem = people.import("users", "?mode=replace", empty).await.problem(422);
        assert_eq!(errors(&problem), ["body there are no lines in it"]);
    }
    let skipping = people.import("users", "?mode=replace&on_error=skip", list).await;
    assert_eq!(skipping.invalid_fields(), ["mode"]);
    assert_eq!(people.users().await.iter().filter(|user| user[6] == true).count(), 2);
}

#[tokio::test]
async fn every_bad_line_is_named_and_nothing_is_written() {
    let people = People::new().await;
    people.import("users", "", "id,name\nU1,Ann\n").await.expect(200);
    let before = people.stored().await;
    let list = format!(
        "user_id,name,email,active\n\
         U1,Changed,ann@example.com,yes\n\
         ,Bob,bob@example,perhaps\n\
         U3,\"two\nlines\",,\n\
         U1,Again,,\n\
         U4\n\
         {},Long,,\n\
         (not set),None,,\n\
         U5,a,b,c,d\n",
        "x".repeat(501)
    );
    let expected = [
        "lines[3].email `bob@example` is not an e-mail address",
        "lines[3].is_active `perhaps` is neither true nor false",
        "lines[3].user_id is missing",
        "lines[6].user_id `U1` is also in line 2",
        "lines[7] 1 columns where the header has 4",
        "lines[8].user_id is longer than 500 bytes",
        "lines[9].user_id is missing",
        "lines[10] 5 columns where the header has 4",
    ];
    for query in ["", "?on_error=fail", "?dry_run=true"] {
        let problem = people.import("users", query, list.clone()).await.problem(422);
        assert_eq!(errors(&problem), expected);
        assert_eq!(problem["detail"], "6 lines are not good (8 errors). Nothing was written.");
        assert_eq!(people.stored().await, before);
    }

    let predicted = people.import("users", "?on_error=skip&dry_run=true", list.clone()).await.expect(200);
    assert_eq!(people.stored().await, before);
    let done = people.import("users", "?on_error=skip", list).await.expect(200);
    assert_eq!(counts(&done), [8, 1, 1, 0, 0, 6]);
    assert_eq!((&done["errors"], &done["changes"]), (&predicted["errors"], &predicted["changes"]));
    assert_eq!(done["errors"][2], json!({"line": 3, "field": "user_id", "message": "is missing"}));
    assert_eq!(done["errors"][4], json!({"line": 7, "field": null, "message": "1 columns where the header has 4"}));
    let names: Vec<Value> = people.users().await.into_iter().map(|user| user[1].clone()).collect();
    assert_eq!(names, ["Changed", "two\nlines"]);
}

#[tokio::test]
async fn of_very_many_bad_lines_the_first_thousand_are_named_and_all_are_counted() {
    let people = People::new().await;
    let list: String = std::iter::once("id,email\n".to_owned())
        .chain((0..2500).map(|n| format!("U{n},nobody\n")))
        .chain(["good,good@example.com\n".to_owned()])
        .collect();
    let problem = people.import("users", "", list.clone()).await.problem(422);
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1000);
    assert_eq!(
        problem["detail"],
        "2500 lines are not good (2500 errors; the first 1000 lines are named). Nothing was written."
    );
    let done = people.import("users", "?on_error=skip", list).await.expect(200);
    assert_eq!((counts(&done), done["errors"].as_array().unwrap().len()), ([2501, 1, 0, 0, 0, 2500], 1000));
}

#[tokio::test]
async fn what_is_no_list_is_refused_with_the_reason() {
    let people = People::new().await;
    let zip_of = |name: &str| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for name in ["mimetype", name] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let xlsx = workbook(&[cells(&["id"]), cells(&["U1"])]);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"Dear Sir or Madam".to_vec(), "there is no column user_id; the columns are `Dear Sir or Madam`"),
        (
            b"name;Full name;mail\nx;y;z\n".to_vec(),
            "the columns `name`, `Full name` all mean user_name; there is no column",
        ),
        (b"id,customer no\n1,2\n".to_vec(), "the columns `id`, `customer no` all mean user_id"),
        (b"  \n ".to_vec(), "the file is empty"),
        (b"[{\"user_id\": 1}]".to_vec(), "this is JSON"),
        (b"<html><table>".to_vec(), "a page or an XML document"),
        (b"%PDF-1.7".to_vec(), "a PDF"),
        (b"\xff\xfei\0d\0\n\0".to_vec(), "UTF-16"),
        (b"i\0d\0,\0n\0a\0m\0e\0\n\0".to_vec(), "UTF-16"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on".to_vec(), "old Excel workbook (.xls), or one with a password"),
        (zip_of("content.xml"), "OpenDocument spreadsheet (.ods)"),
        (zip_of("xl/workbook.bin"), "binary Excel workbook (.xlsb)"),
        (zip_of("holiday.jpg"), "a zip without sheets"),
        (xlsx[..xlsx.len() / 2].to_vec(), "the workbook is damaged"),
        (b"PK\x03\x04".to_vec(), "the workbook is damaged"),
        (b"\x1f\x8b\x08 broken".to_vec(), "cannot be read"),
        (format!("id,name\nU1,\"{}", "x".repeat(20 << 20)).into_bytes(), "longer than 16 MiB"),
        ("id,name\nä,ö\nü,ß\n".bytes().chain([0xe4, b',', b'x']).collect(), "line 4: a letter is damaged"),
    ];
    for (body, reason) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let problem = people.import("users", "", body).await.problem(422);
        let told = errors(&problem);
        assert!(told.len() == 1 && told[0].starts_with("body ") && told[0].contains(reason), "{shown:?}: {told:?}");
    }
    assert_eq!(people.import("users", "", "").await.invalid_fields(), ["body"]);
    let wrong = people.import("users", "?mode=all&on_error=hide&dry_run=perhaps", "id\nU1\n").await;
    assert_eq!(wrong.invalid_fields(), ["dry_run", "mode", "on_error"]);
    assert_eq!(people.users().await.len(), 0);
    assert_eq!(people.spooled(), 0);
}

#[tokio::test]
async fn the_quota_bounds_a_list() {
    let people = People::new().await;
    let mut tx = common::db::TenantTx::begin(&people.db.app, people.tenant).await.unwrap();
    sqlx::query("update tenants set upload_quota_bytes = 100").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    people.import("users", "", format!("id\n{}\n", "U".repeat(200))).await.problem(413);
    assert_eq!((people.users().await.len(), people.spooled()), (0, 0));
    people.import("users", "", "id\nU1\n").await.expect(200);
}

#[tokio::test]
async fn owners_and_managers_import_and_nobody_else() {
    let people = People::new().await;
    let post = |client: Client, list: &'static str| async move {
        Answer::of(client.request(Method::POST, &format!("/data/{list}/import")).body("id\nX1\n")).await
    };
    for list in ["users", "locations"] {
        assert_eq!(post(people.member(Role::Manager, None).await, list).await.status, 200);
        for role in [Role::Viewer, Role::Service] {
            post(people.member(role, None).await, list).await.problem(403);
        }
        post(people.owner.token("no token"), list).await.problem(401);
    }
    // A tenant the caller is no member of, even one that exists, is not found.
    let other = People::new().await;
    post(people.owner.tenant(&other.tenant.to_string()), "users").await.problem(404);
}

#[tokio::test]
async fn tenants_do_not_touch_each_other() {
    let people = People::new().await;
    let settings = testkit::oracle::TenantSettings::default();
    let other = testkit::tenants::create(&people.db.app, &settings).await;
    let person = testkit::tokens::member(&people.state, other, Role::Owner).await;
    let stranger = Client::new(&people.server.url).of(&person, other);
    people.import("users", "", "id,name\nU1,Ann\nU2,Bob\n").await.expect(200);
    let before = people.stored().await;
    let request = stranger.request(Method::POST, "/data/users/import?mode=replace").body("id,name\nU2,Zed\n");
    assert_eq!(counts(&Answer::of(request).await.expect(200)), [1, 1, 0, 0, 0, 0]);
    assert_eq!(people.stored().await, before);
    stranger.get("/data/users/U1").await.problem(404);
    assert_eq!(stranger.get("/data/users/U2").await.expect(200)["user_name"], "Zed");
}
