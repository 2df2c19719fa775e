/// The system's clock: the only place where the time enters. Everything below ring 4 gets it as an argument.
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
