//! The strict reader: its two modes agree, and what it accepts survives every writer.

use sealwax_json::{Limits, Value, check, compact, documents, jcs, olpc, parse, pretty};

pub(crate) fn run(input: &[u8]) {
    let limits = Limits::of_bytes(1 << 20);
    let parsed = parse(input, &limits);
    assert_eq!(parsed.is_ok(), check(input, &limits).is_ok(), "reading and skipping disagree");
    if let Ok(value) = parsed {
        rewrite(&value, &limits);
    }
    if let Ok(documents) = documents(input, 1 << 20, &limits) {
        let _ = documents.take(1_000).take_while(Result::is_ok).count();
    }
}

fn rewrite(value: &Value<'_>, limits: &Limits) {
    let written = compact(value);
    assert_eq!(&parse(written.as_bytes(), limits).expect("what we write we read"), value);
    assert_eq!(&parse(pretty(value).as_bytes(), limits).expect("what we write we read"), value);

    let canonical = jcs(value);
    let again = parse(&canonical, limits).expect("RFC 8785 is JSON");
    assert_eq!(jcs(&again), canonical, "RFC 8785 is a fixed point");

    // OLPC leaves control characters as they are, so its output is not always JSON; where it is, it is a fixed point.
    if let Ok(canonical) = olpc(value)
        && let Ok(again) = parse(&canonical, limits)
    {
        assert_eq!(olpc(&again).as_deref(), Ok(canonical.as_slice()));
    }
}
