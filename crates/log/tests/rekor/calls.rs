//! The methods of gRPC over a log that runs.

use crate::end_to_end::hashed_rekord;
use crate::running::{ORIGIN, Running, run};
use bytes::{Buf as _, BufMut as _, Bytes};
use http_body_util::BodyExt as _;
use prost::Message;
use sealwax_crypto::KeyKind;
use sealwax_log::rekor::message::{EntryBundleRequest, HttpBody, TileRequest, TransparencyLogEntry};
use sealwax_log::rekor::{CreateEntryRequest, create_entry_json, grpc};
use sealwax_server::grpc::message::{
    HealthCheckRequest, HealthCheckResponse, HealthListResponse, ServingStatus,
};
use sealwax_testkit::{Instance, SignOptions};
use std::time::Duration;

const REKOR: &str = "/dev.sigstore.rekor.v2.Rekor";
const HEALTH: &str = "/grpc.health.v1.Health";

/// Calls a method: its answer, or its status.
async fn call<M: Message + Default>(running: &Running, path: &str, request: &impl Message) -> Result<M, u16> {
    let response = grpc(&running.log, &running.key_id, path, framed(request)).await;
    assert_eq!(response.headers()["content-type"], "application/grpc");
    if let Some(status) = response.headers().get("grpc-status") {
        assert!(response.headers().contains_key("grpc-message"));
        return Err(status.to_str().unwrap().parse().unwrap());
    }
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["grpc-status"], "0");
    Ok(unframed(collected.to_bytes()))
}

fn framed(message: &impl Message) -> Bytes {
    let bytes = message.encode_to_vec();
    let mut frame = vec![0];
    frame.put_u32(u32::try_from(bytes.len()).unwrap());
    frame.extend_from_slice(&bytes);
    frame.into()
}

fn unframed<M: Message + Default>(mut frame: Bytes) -> M {
    assert_eq!(frame.get_u8(), 0);
    assert_eq!(usize::try_from(frame.get_u32()).unwrap(), frame.len());
    M::decode(frame).unwrap()
}

/// Both faces give the same answer, duplicates included.
#[test]
fn create_entry() {
    run(async {
        let running = Running::new(KeyKind::Ed25519).await;
        let made = Instance::usual().sign_message(b"artifact", &SignOptions::bare());
        let json = hashed_rekord(&made).to_string();
        let request = CreateEntryRequest::from_json(json.as_bytes()).unwrap();
        let entry: TransparencyLogEntry =
            call(&running, &format!("{REKOR}/CreateEntry"), &request).await.unwrap();
        let over_http = create_entry_json(&running.log, &running.key_id, json.as_bytes()).await;
        let same: serde_json::Value = serde_json::from_slice(over_http.body()).unwrap();
        let proof = entry.inclusion_proof.unwrap();
        assert_eq!(same["logIndex"], entry.log_index.to_string());
        assert_eq!(same["logId"]["keyId"], sealwax_testkit::base64(entry.log_id.unwrap().key_id));
        assert_eq!(same["kindVersion"]["kind"], entry.kind_version.unwrap().kind);
        assert_eq!(same["canonicalizedBody"], sealwax_testkit::base64(entry.canonicalized_body));
        assert_eq!(same["inclusionProof"]["rootHash"], sealwax_testkit::base64(proof.root_hash));
        assert_eq!(same["inclusionProof"]["treeSize"], proof.tree_size.to_string());
        assert_eq!(same["inclusionProof"]["checkpoint"]["envelope"], proof.checkpoint.unwrap().envelope);

        let empty = call::<()>(&running, &format!("{REKOR}/CreateEntry"), &()).await;
        assert_eq!(empty, Err(3));
        running.stop().await;
    });
}

#[test]
fn reads() {
    run(async {
        let running = Running::new(KeyKind::Ed25519).await;
        let made = Instance::usual().sign_message(b"artifact", &SignOptions::bare());
        let json = hashed_rekord(&made).to_string();
        create_entry_json(&running.log, &running.key_id, json.as_bytes()).await;

        let checkpoint: HttpBody = call(&running, &format!("{REKOR}/GetCheckpoint"), &()).await.unwrap();
        assert_eq!(checkpoint.content_type, "text/plain; charset=utf-8");
        assert!(checkpoint.data.starts_with(format!("{ORIGIN}\n1\n").as_bytes()));

        let tile = |level, index: &str| TileRequest { level, index: index.to_owned() };
        let path = format!("{REKOR}/GetTile");
        let body: HttpBody = call(&running, &path, &tile(0, "000.p/1")).await.unwrap();
        assert_eq!((body.content_type.as_str(), body.data.len()), ("application/octet-stream", 32));
        assert_eq!(call::<HttpBody>(&running, &path, &tile(0, "000")).await, Err(5));
        assert_eq!(call::<HttpBody>(&running, &path, &tile(1, "000.p/1")).await, Err(5));
        assert_eq!(call::<HttpBody>(&running, &path, &tile(0, "0")).await, Err(3));
        assert_eq!(call::<HttpBody>(&running, &path, &tile(64, "000")).await, Err(3));

        let bundle = |index: &str| EntryBundleRequest { index: index.to_owned() };
        let path = format!("{REKOR}/GetEntryBundle");
        let body: HttpBody = call(&running, &path, &bundle("000.p/1")).await.unwrap();
        assert_eq!(body.data.clone().get_u16() as usize, body.data.len() - 2);
        assert_eq!(call::<HttpBody>(&running, &path, &bundle("001")).await, Err(5));
        assert_eq!(call::<HttpBody>(&running, &path, &bundle("../checkpoint")).await, Err(3));

        assert_eq!(call::<()>(&running, &format!("{REKOR}/Other"), &()).await, Err(12));
        running.stop().await;
    });
}

#[test]
fn health() {
    run(async {
        let running = Running::new(KeyKind::Ed25519).await;
        let request = |service: &str| HealthCheckRequest { service: service.to_owned() };
        let serving = HealthCheckResponse { status: ServingStatus::Serving.into() };
        let check = format!("{HEALTH}/Check");
        assert_eq!(call(&running, &check, &request("")).await, Ok(serving));
        assert_eq!(call(&running, &check, &request("dev.sigstore.rekor.v2.Rekor")).await, Ok(serving));
        assert_eq!(call::<HealthCheckResponse>(&running, &check, &request("other")).await, Err(5));
        let list: HealthListResponse = call(&running, &format!("{HEALTH}/List"), &()).await.unwrap();
        assert_eq!(list.statuses.len(), 2);

        // A watcher hears at once, and then of each change.
        let watch = framed(&request(""));
        let response = grpc(&running.log, &running.key_id, &format!("{HEALTH}/Watch"), watch).await;
        let mut body = response.into_body();
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(unframed::<HealthCheckResponse>(frame), serving);
        let log = running.log.clone();
        running.stop().await;
        assert!(log.ready().is_err());
        let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.unwrap();
        let frame = frame.unwrap().unwrap().into_data().unwrap();
        let not_serving = HealthCheckResponse { status: ServingStatus::NotServing.into() };
        assert_eq!(unframed::<HealthCheckResponse>(frame), not_serving);
    });
}
