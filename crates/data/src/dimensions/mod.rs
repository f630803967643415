//! People and branches: the lists that name them, read, checked, compared with what is stored and applied; and the users
//! as the API shows them. Lists come as a file in a request, in an ingestion job, from a BigQuery table or an SFTP folder.

pub mod list_source;
