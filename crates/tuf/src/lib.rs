//! A TUF client as a state machine over bytes.
