//! The runs of the log's index: whatever became of a file, no answer is wrong.

use sealwax_log::index::{
    IndexError, MAX_CANDIDATES,
    run::{Budget, Part, Run, Span, Writer},
};
use std::sync::Arc;

type Fingerprint = u64;
const FIRST: u64 = 1_000;

/// Arbitrary bytes as a file; and a run that is made from the input, with one accident, against what it was made from.
pub(crate) fn run(input: &[u8]) {
    as_a_file(input);
    let Some((accident, fingerprints)) = input.split_first_chunk::<8>() else { return };
    // Few bits of each, so that there are equal ones, and those beside them.
    let mut records: Vec<(Fingerprint, u64)> = fingerprints
        .as_chunks::<2>()
        .0
        .iter()
        .map(|low| u64::from(u16::from_be_bytes(*low)) << 48)
        .zip(FIRST..)
        .collect();
    records.sort_unstable();
    let Some(span) = Span::new(FIRST, records.len() as u64) else { return };
    // By a bit that the accident does not use.
    let [kind, ..] = *accident;
    let in_memory = kind & 0x80 == 0;
    let part = in_memory.then_some(Part::Whole);
    let mut bytes = written(&records, span);
    answers(&open(bytes.clone(), span, part).unwrap(), &records).unwrap();
    if happen(*accident, &mut bytes)
        && let Ok(run) = open(bytes, span, part)
    {
        let answered = answers(&run, &records);
        // A line of the filter that stays in the file is looked at by those who need it.
        assert!(answered.is_err() || !in_memory, "an accident that nobody noticed");
    }
}

fn as_a_file(input: &[u8]) {
    let Some((count, file)) = input.split_first_chunk::<2>() else { return };
    let Some(span) = Span::new(FIRST, u64::from(u16::from_be_bytes(*count))) else { return };
    for part in [Some(Part::Whole), Some(Part::Gist), None] {
        if let Ok(run) = open(file.to_vec(), span, part) {
            let _ = run.leaves(0);
        }
    }
    let Ok(name) = std::str::from_utf8(input) else { return };
    if let Some(span) = Span::from_file_name(name) {
        assert_eq!(span.file_name(), name);
    }
}

/// With this part of its filter in memory.
fn open(file: Vec<u8>, span: Span, part: Option<Part>) -> Result<Run<Vec<u8>>, IndexError> {
    let run = Run::open(file, "run".into(), span)?;
    if let Some(part) = part {
        run.keep(part, &Arc::new(Budget::new(1 << 20)))?;
    }
    Ok(run)
}

fn written(records: &[(Fingerprint, u64)], span: Span) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), span);
    for (fingerprint, leaf) in records {
        writer.push(*fingerprint, *leaf).unwrap();
    }
    let (bytes, _) = writer.finish([7; 32]).unwrap();
    assert_eq!(bytes.len() as u64, span.file_bytes());
    bytes
}

/// Every answer is right, or the first error.
fn answers(run: &Run<Vec<u8>>, records: &[(Fingerprint, u64)]) -> Result<(), IndexError> {
    let mut all = run.records();
    for record in records {
        assert_eq!(all.next()?, Some(*record));
    }
    assert_eq!(all.next()?, None);
    for (asked, _) in records {
        for asked in [*asked, asked + 1, asked.wrapping_sub(1)] {
            let there =
                records.iter().filter(|(fingerprint, _)| *fingerprint == asked).map(|(_, leaf)| *leaf);
            let found: Vec<u64> = run.leaves(asked)?.filter_map(Result::ok).collect();
            assert_eq!(found, there.take(MAX_CANDIDATES).collect::<Vec<_>>());
        }
    }
    Ok(())
}

/// At most 32 bits beside one another change, which every checksum notices, or the file ends elsewhere. `false`: nothing
/// has changed.
fn happen([kind, a, b, c, change @ ..]: [u8; 8], file: &mut Vec<u8>) -> bool {
    let at = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap() % file.len();
    match kind % 4 {
        0 => file.truncate(at),
        1 => file.resize(file.len() + 1 + at % 64, b),
        _ => file.iter_mut().skip(at).zip(change).for_each(|(byte, change)| *byte ^= change),
    }
    kind % 4 < 2 || change.iter().take(file.len() - at).any(|change| *change != 0)
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let many: Vec<u8> = (0..800_u16).flat_map(|number| number.wrapping_mul(40_503).to_be_bytes()).collect();
    let accident = |kind: u8, at: u16| [&[kind, 0], at.to_be_bytes().as_slice(), &[1, 0, 0, 1]].concat();
    let (first, count) = (FIRST, 3);
    vec![
        [accident(0, 4_000), many.clone()].concat(),
        [accident(1, 4_000), many.clone()].concat(),
        [accident(2, 4_000), many.clone()].concat(),
        [accident(0x82, 12_500), many.clone()].concat(),
        [accident(0x83, 12_700), many.clone()].concat(),
        [accident(2, 20_000), many].concat(),
        [accident(3, 100), vec![7; 80]].concat(),
        format!("{first}-{count}.run").into_bytes(),
    ]
}
