//! RSA keys that look well and are not: the checks of Let's Encrypt and of Fulcio.
//!
//! That the modulus has 2048, 3072 or 4096 bits and is odd, and that the exponent is odd, `sealwax-crypto` has seen to.

use std::cmp::Ordering;

use sealwax_crypto::PublicKey;

/// The exponent that everybody uses. A small one invites attacks on bad padding; a large one, denial of service.
const EXPONENT: &[u8] = &[1, 0, 1];

/// Numbers below this are tried as factors: what Let's Encrypt does (Baseline Requirements 6.1.6).
const SMALL_FACTORS: u64 = 752;

/// The primes that the fingerprint of ROCA is over: those of its smallest keys, and all larger ones have these too.
const ROCA_PRIMES: [u64; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// How many steps of Fermat's method are tried: primes that differ in their last hundred bits or so fall to the first.
const FERMAT_ROUNDS: usize = 100;

/// How an RSA key is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakKey {
    /// The exponent is not 65537.
    #[error("the exponent is not 65537")]
    Exponent,
    /// The modulus has a small factor.
    #[error("the modulus is divisible by {0}")]
    SmallFactor(u64),
    /// CVE-2017-15361: a key that Infineon's library made, whose primes are of a form that can be searched.
    #[error("the modulus has the form of CVE-2017-15361 (ROCA)")]
    Roca,
    /// The two primes are next to each other.
    #[error("the primes of the modulus are too close to each other")]
    CloseFactors,
}

/// Refuses weak RSA keys. A key of another kind has nothing to refuse.
pub(crate) fn check_rsa(key: &PublicKey) -> Result<(), WeakKey> {
    let Some((modulus, exponent)) = key.rsa_numbers() else { return Ok(()) };
    check_numbers(modulus, exponent)
}

fn check_numbers(modulus: &[u8], exponent: &[u8]) -> Result<(), WeakKey> {
    if exponent != EXPONENT {
        return Err(WeakKey::Exponent);
    }
    if let Some(factor) = (3..SMALL_FACTORS).step_by(2).find(|factor| remainder(modulus, *factor) == 0) {
        return Err(WeakKey::SmallFactor(factor));
    }
    if ROCA_PRIMES.iter().all(|prime| is_power_of_65537(remainder(modulus, *prime), *prime)) {
        return Err(WeakKey::Roca);
    }
    if has_close_factors(modulus) { Err(WeakKey::CloseFactors) } else { Ok(()) }
}

/// The remainder of a number, big endian, by a small one.
fn remainder(number: &[u8], divisor: u64) -> u64 {
    number.iter().fold(0, |rest, octet| (rest << 8 | u64::from(*octet)) % divisor)
}

/// Whether the number is a power of 65537 modulo that prime.
fn is_power_of_65537(number: u64, prime: u64) -> bool {
    let generator = 65_537 % prime;
    let mut power = 1;
    for _ in 0..prime {
        if power == number {
            return true;
        }
        power = power * generator % prime;
    }
    false
}

/// Fermat's method: n = a² - b² with a just above the root of n.
fn has_close_factors(modulus: &[u8]) -> bool {
    let (root, rest) = Natural::from_be(modulus).root();
    if rest.is_zero() {
        return true;
    }
    // (root + 1)² - n = 2·root + 1 - rest, which is positive, since root is the largest whose square n is not below.
    let mut step = root.double_plus_one(); // 2a - 1
    let mut difference = step.minus(&rest);
    for _ in 0..FERMAT_ROUNDS {
        if difference.is_square() {
            return true;
        }
        step = step.plus_two();
        difference = difference.plus(&step);
    }
    false
}

/// A natural number: limbs of 64 bits, the lowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Natural(Vec<u64>);

impl Natural {
    fn from_be(octets: &[u8]) -> Self {
        let limb = |limb: &[u8]| limb.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet));
        Natural(octets.rchunks(8).map(limb).collect())
    }

    fn is_zero(&self) -> bool {
        self.0.iter().all(|limb| *limb == 0)
    }

    fn limb(&self, place: usize) -> u64 {
        self.0.get(place).copied().unwrap_or(0)
    }

    fn compare(&self, other: &Self) -> Ordering {
        let places = (0..self.0.len().max(other.0.len())).rev();
        places
            .map(|place| self.limb(place).cmp(&other.limb(place)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    fn plus(&self, other: &Self) -> Self {
        let mut carry = false;
        let mut sum = Vec::with_capacity(self.0.len().max(other.0.len()) + 1);
        for place in 0..=self.0.len().max(other.0.len()) {
            let (limb, over) = self.limb(place).overflowing_add(other.limb(place));
            let (limb, over_again) = limb.overflowing_add(u64::from(carry));
            carry = over || over_again;
            sum.push(limb);
        }
        Natural(sum)
    }

    /// The difference from a number that is not larger.
    fn minus(&self, other: &Self) -> Self {
        let mut borrow = false;
        let mut difference = Vec::with_capacity(self.0.len());
        for place in 0..self.0.len() {
            let (limb, under) = self.limb(place).overflowing_sub(other.limb(place));
            let (limb, under_again) = limb.overflowing_sub(u64::from(borrow));
            borrow = under || under_again;
            difference.push(limb);
        }
        Natural(difference)
    }

    fn double_plus_one(&self) -> Self {
        self.plus(self).plus(&Natural(vec![1]))
    }

    fn plus_two(&self) -> Self {
        self.plus(&Natural(vec![2]))
    }

    fn halved(&self) -> Self {
        let limb = |place| self.limb(place) >> 1 | self.limb(place + 1) << 63;
        Natural((0..self.0.len()).map(limb).collect())
    }

    /// With one more bit, which was not set.
    fn with_bit(mut self, bit: usize) -> Self {
        if let Some(limb) = self.0.get_mut(bit / 64) {
            *limb |= 1 << (bit % 64);
        }
        self
    }

    /// The root, rounded down, and what is left: digit by digit.
    fn root(&self) -> (Self, Self) {
        let mut rest = self.clone();
        let mut root = Natural(vec![0; self.0.len()]);
        for bit in (0..self.0.len() * 64).step_by(2).rev() {
            let candidate = root.clone().with_bit(bit);
            root = root.halved();
            if rest.compare(&candidate).is_ge() {
                rest = rest.minus(&candidate);
                root = root.with_bit(bit);
            }
        }
        (root, rest)
    }

    /// Whether there is a whole root. Nine of ten others are told by their last bits and two small remainders.
    fn is_square(&self) -> bool {
        let last = self.limb(0) & 63;
        let modulo = |divisor: u128| {
            self.0.iter().rev().fold(0u128, |rest, limb| (rest << 64 | u128::from(*limb)) % divisor)
        };
        let residue = |rest: u128, divisor: u128| (0..divisor).any(|root| root * root % divisor == rest);
        residue(u128::from(last), 64)
            && residue(modulo(63), 63)
            && residue(modulo(65), 65)
            && residue(modulo(11), 11)
            && self.root().1.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_crypto::{KeyKind, SigningKey};

    fn be(number: u128) -> Vec<u8> {
        number.to_be_bytes().to_vec()
    }

    #[test]
    fn good_keys_pass() {
        for _ in 0..3 {
            let key = SigningKey::generate(KeyKind::Rsa { bits: 3072 }).unwrap();
            assert_eq!(check_rsa(key.public_key()), Ok(()));
        }
        let other = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
        assert_eq!(check_rsa(other.public_key()), Ok(()));
    }

    #[test]
    fn exponents() {
        for exponent in [&[3][..], &[1, 0, 3], &[]] {
            assert_eq!(check_numbers(&[5], exponent), Err(WeakKey::Exponent));
        }
    }

    #[test]
    fn small_factors() {
        let large: u128 = (1 << 61) - 1; // prime
        assert_eq!(check_numbers(&be(large * 3), EXPONENT), Err(WeakKey::SmallFactor(3)));
        assert_eq!(check_numbers(&be(large * 751), EXPONENT), Err(WeakKey::SmallFactor(751)));
    }

    /// 65537^k modulo the product of the primes has the fingerprint, whatever the key's factors.
    #[test]
    fn roca() {
        let mut number: u128 = 1;
        let primorial: u128 = ROCA_PRIMES.iter().take(20).map(|prime| u128::from(*prime)).product();
        for _ in 0..77 {
            number = number * 65_537 % primorial;
        }
        let has = |number: u128, primes: usize| {
            let mut primes = ROCA_PRIMES.iter().take(primes);
            primes.all(|prime| is_power_of_65537(remainder(&be(number), *prime), *prime))
        };
        assert!(has(number, 20));
        assert!(!has(number + 2, 20));
        // 65537^k itself has it for all primes.
        let power: u128 = 65_537u128.pow(7);
        assert_eq!(check_numbers(&be(power), EXPONENT), Err(WeakKey::Roca));
    }

    #[test]
    fn roots() {
        for number in
            [0u128, 1, 2, 3, 4, 15, 16, 17, 1 << 64, u128::MAX, (1 << 126) - 1, 12_345_678_987_654_321]
        {
            let (root, rest) = Natural::from_be(&be(number)).root();
            let text = |natural: &Natural| u128::from(natural.limb(0)) | u128::from(natural.limb(1)) << 64;
            assert_eq!(text(&root), number.isqrt());
            assert_eq!(text(&rest), number - number.isqrt().pow(2));
            assert_eq!(Natural::from_be(&be(number)).is_square(), number.isqrt().pow(2) == number);
        }
    }

    #[test]
    fn close_factors() {
        let (p, q): (u128, u128) = (1_000_000_000_000_000_003, 1_000_000_000_000_000_009); // twin-like primes
        assert!(has_close_factors(&be(p * q)));
        assert!(has_close_factors(&be(p * p)));
        assert_eq!(check_numbers(&be(p * q), EXPONENT), Err(WeakKey::CloseFactors));
        assert!(!has_close_factors(&be(p * ((1 << 61) - 1))));
    }
}
