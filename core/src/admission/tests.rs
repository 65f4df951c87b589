//! Admission from head to outcome.
