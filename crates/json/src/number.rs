/// A JSON number. Integers keep all their bits; everything else is a finite double.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// An integer of zero or more (`-0` too).
    Unsigned(u64),
    /// An integer below zero.
    Negative(i64),
    /// A number with a fraction or an exponent, or an integer that fits neither of the others. The reader yields
    /// finite ones only.
    Float(f64),
}

impl Number {
    /// The value as an unsigned integer, if it was written as one.
    pub fn as_u64(self) -> Option<u64> {
        match self {
            Number::Unsigned(n) => Some(n),
            _ => None,
        }
    }

    /// The value as a signed integer, if it was written as one.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Number::Unsigned(n) => i64::try_from(n).ok(),
            Number::Negative(n) => Some(n),
            Number::Float(_) => None,
        }
    }

    /// The nearest double.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Unsigned(n) => n as f64,
            Number::Negative(n) => n as f64,
            Number::Float(n) => n,
        }
    }

    /// Reads the text of a number whose grammar has been checked. `None` if no double holds it.
    pub(crate) fn from_text(text: &str, integer: bool) -> Option<Number> {
        if integer {
            if let Ok(n) = text.parse::<u64>() {
                return Some(Number::Unsigned(n));
            }
            if let Ok(n) = text.parse::<i64>() {
                return Some(u64::try_from(n).map_or(Number::Negative(n), Number::Unsigned));
            }
        }
        text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Number::Float)
    }
}

/// ECMAScript's `Number::toString` (RFC 8785 §3.2.2.3). Rust's `{:e}` gives the same shortest digits.
pub(crate) fn push_ecmascript(out: &mut String, value: f64) {
    if !value.is_finite() {
        // As JSON.stringify does; the reader never yields one.
        return out.push_str("null");
    }
    if value == 0.0 {
        return out.push('0');
    }
    if let Some(integer) = small_integer(value) {
        return out.push_str(&integer.to_string());
    }
    let text = shortest(value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    // The decimal point stands after the n-th digit.
    let n = exponent.parse::<i32>().unwrap_or(0).saturating_add(1);
    let k = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |out: &mut String, count: i32| (0..count).for_each(|_| out.push('0'));

    if value < 0.0 {
        out.push('-');
    }
    if k <= n && n <= 21 {
        out.push_str(&digits);
        zeros(out, n - k);
    } else if 0 < n && n <= 21 {
        let (whole, fraction) = digits.split_at(usize::try_from(n).unwrap_or(0));
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    } else if -6 < n && n <= 0 {
        out.push_str("0.");
        zeros(out, -n);
        out.push_str(&digits);
    } else {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        out.push_str(if n > 0 { "e+" } else { "e-" });
        out.push_str(&(n - 1).abs().to_string());
    }
}

/// The fewest digits that read back as `value`, in scientific notation. Where two candidates are equally near, Rust
/// takes the upper and ECMAScript the even one, which is what rounding to that many digits gives.
fn shortest(value: f64) -> String {
    let text = format!("{value:e}");
    let digits = text.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).count();
    let rounded = format!("{value:.*e}", digits.saturating_sub(1));
    if rounded.parse() == Ok(value) { rounded } else { text }
}

/// An integer below 2^53, the usual case: its decimal digits are the shortest text of the double.
fn small_integer(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "its fraction is zero and it is below 2^53")]
    let integer = (value.trunc() == value && value.abs() < LIMIT).then_some(value as i64);
    integer
}

#[cfg(test)]
mod tests {
    use super::push_ecmascript;

    /// Appendix B of RFC 8785.
    #[test]
    fn rfc_8785_appendix_b() {
        for (bits, expected) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x3ff0_0000_0000_0000, "1"),
            (0xbff0_0000_0000_0000, "-1"),
            (0x433f_ffff_ffff_ffff, "9007199254740991"),
            (0xc33f_ffff_ffff_ffff, "-9007199254740991"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let mut out = String::new();
            push_ecmascript(&mut out, f64::from_bits(bits));
            assert_eq!(out, expected, "{bits:016x}");
        }
    }
}
