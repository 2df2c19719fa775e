//! What an operator gets wrong, and what happens to tokens.

use std::fs;
use std::time::Duration;

use super::signatures::refused;
use super::softhsm::{PIN, SoftHsm};
use crate::Outcome;

/// Each with an error that says what to do.
pub(super) fn what_is_refused(hsm: &SoftHsm) -> Outcome {
    let p256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    hsm.import("twin", "41", &p256)?;
    hsm.import("twin", "42", &p256)?;
    hsm.import("secp256k1", "43", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"])?;
    hsm.add_token("other")?;

    let open = |path: &str| hsm.open(&hsm.uri(path));
    refused(open("token=nobody")?, "no token matches pkcs11:token=nobody")?;
    refused(open("object=p256;slot-id=1")?, "no token matches")?;
    refused(open("model=SoftHSM%20v2;object=p256")?, "more than one token matches")?;
    refused(open("token=sealwax;object=nothing")?, "\"p256\" (id 01)")?;
    refused(open("token=other;object=p256")?, "it has none")?;
    refused(open("token=sealwax;object=twin")?, "\"twin\" (id 41), \"twin\" (id 42)")?;
    open("token=sealwax;object=twin;id=%42")??;
    refused(open("token=sealwax;object=secp256k1")?, "unsupported elliptic curve 1.3.132.0.10")?;

    let module = hsm.module.display();
    let without_pin = format!("pkcs11:token=sealwax;object=p256?module-path={module}");
    refused(hsm.open(&without_pin)?, "wants a PIN: add pin-source=file:")?;
    hsm.open(&format!("{without_pin}&pin-value={PIN}"))??;
    let wrong = hsm.open(&format!("{without_pin}&pin-value=271828"))?;
    if let Err(error) = &wrong
        && error.contains("271828")
    {
        return Err("an error shows the PIN".into());
    }
    refused(wrong, "refused the PIN (C_Login says CKR_PIN_INCORRECT)")?;
    refused(
        hsm.open(&format!("{without_pin}&pin-source=/nowhere"))?,
        "the PIN cannot be read from /nowhere",
    )?;
    refused(hsm.open("pkcs11:token=sealwax;object=p256")?, "set SEALWAX_PKCS11_MODULE")
}

/// The token is taken out and put in again while a process signs; with another PIN; and another in its place.
pub(super) fn a_token_that_goes(hsm: &SoftHsm) -> Outcome {
    let mut signer = hsm.open(&hsm.uri("token=sealwax;object=p256"))??;
    let mut sign = || signer.ask("threads 4 4");
    sign()??;
    hsm.take_out()?;
    refused(sign()?, "no token matches")?;
    refused(sign()?, "no token matches")?;
    hsm.put_in()?;
    wait_for_a_restart();
    println!("signs again when the token is back:{}", sign()??);

    hsm.take_out()?;
    refused(sign()?, "no token matches")?;
    hsm.put_in()?;
    fs::write(&hsm.pin, "271828\n")?;
    wait_for_a_restart();
    refused(sign()?, "refused the PIN")?;
    refused(sign()?, "is not tried again")?;
    fs::write(&hsm.pin, PIN)?;
    println!("and when its PIN is right again:{}", sign()??);

    hsm.take_out()?;
    refused(sign()?, "no token matches")?;
    hsm.add_token("sealwax")?;
    hsm.import("p256", "01", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])?;
    wait_for_a_restart();
    refused(sign()?, "does not verify with the key's public half")?;
    hsm.put_in()
}

/// SoftHSM sees tokens that were not there before only when it is started anew, which a process does every two seconds.
fn wait_for_a_restart() {
    std::thread::sleep(Duration::from_millis(2100));
}
