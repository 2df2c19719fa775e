//! Where a byte stands in DER.

/// The position of a byte: child numbers from the outermost element, as `1.0.3`. Bytes of a header belong to their element.
/// What is not DER has no inner positions.
pub(crate) fn position(der: &[u8], offset: usize) -> String {
    let mut numbers = Vec::new();
    let (mut start, mut end) = (0, der.len());
    let mut number: usize = 0;
    while start < end {
        let Some((header, length)) = header(&der[start..end]) else { break };
        let next = start + header + length;
        if offset >= next {
            (start, number) = (next, number + 1);
            continue;
        }
        numbers.push(number.to_string());
        let constructed = der[start] & 0x20 != 0;
        if offset < start + header || !constructed {
            break;
        }
        (start, end, number) = (start + header, next, 0);
    }
    // The outermost element is the document itself.
    numbers.get(1..).unwrap_or_default().join(".")
}

/// Length of tag and length octets, and the length of the content.
fn header(der: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*der.get(1)?);
    let (header, length) = match first {
        0..=0x7f => (2, first),
        0x81..=0x84 => {
            let octets = der.get(2..2 + (first & 0x7f))?;
            (2 + octets.len(), octets.iter().fold(0, |length, octet| (length << 8) | usize::from(*octet)))
        }
        _ => return None,
    };
    (header + length <= der.len()).then_some((header, length))
}
