//! Mails that are too large, and text that tries to be more than text.
