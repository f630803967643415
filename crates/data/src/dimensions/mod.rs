//! People and branches: the lists that name them, read, checked, compared with what is stored and applied; and the users
//! as the API shows them. Lists come as a file in a request, in an ingestion job, from a BigQuery table or an SFTP folder.

mod check;
mod columns;
mod compare;
mod csv_file;
mod encoding;
pub mod import;
mod list;
pub mod list_source;
mod number;
mod read;
mod stage;
mod table_rows;
mod take;
pub mod users;
mod xlsx;

pub use check::{LineError, ListRow};
pub use columns::Columns;
pub use compare::{Comparison, ListChange, ListMode};
pub(crate) use csv_file::kind_of_line;
pub use list::ListKind;
pub use read::{ListFormat, RejectedLine, Sink, read_list};
pub(crate) use stage::Staging;
pub use table_rows::TableRows;
pub use take::{ListOptions, ListOutcome, OnError, Rejected, TakeError, take_list};
pub(crate) use xlsx::{is_zip as is_workbook, workbook_kind};
