//! An entry that the log has already, out of its tiles: rekor-tiles says which one it is, and no more (its issue 621).

use sealwax_formats::{HashedRekordV002, InclusionProof, LogEntry};
use sealwax_net::http::{Client, Method};
use sealwax_tlog::merkle::build::Plan;
use sealwax_tlog::tile::{
    EntryBundle, FULL_WIDTH, MAX_ENTRY_BYTES, TileData, TileSet, decode_entries, tiles_holding,
};
use sealwax_tlog::{LeafIndex, SignedCheckpoint, TreeSize};

use crate::exchange::Request;
use crate::{Endpoint, Fault};

/// Entries of a full bundle.
const WIDTH: u64 = FULL_WIDTH as u64;

/// The longest file of a log: a full bundle of the longest entries, each with its length in two bytes.
const MAX_FILE_BYTES: u64 = WIDTH * (2 + MAX_ENTRY_BYTES as u64);

/// The entry with this index, which must have exactly this body, with a proof under the newest checkpoint. That the log has signed that
/// checkpoint, and that the proof leads there, is for the verifier.
///
/// # Errors
/// [`Fault::OtherEntry`], [`Fault::NotYet`], and what the log does instead of answering.
pub(super) async fn fetch(
    http: &Client,
    endpoint: &Endpoint,
    log_ids: &[Vec<u8>],
    index: u64,
    body: &[u8],
) -> Result<LogEntry, Fault> {
    let log = Files { http, endpoint };
    let note = String::from_utf8(log.read("checkpoint").await?).map_err(|error| log.malformed(&error))?;
    let signed = SignedCheckpoint::parse(&note).map_err(|error| log.malformed(&error))?;
    let (size, root_hash) = (signed.unverified().size(), *signed.unverified().root());
    if index >= size.0 {
        return Err(Fault::NotYet { url: endpoint.url.clone() });
    }

    let bundle = bundle_holding(index, size).ok_or_else(|| log.malformed(&"no such entry"))?;
    let bytes = log.read(&bundle.to_string()).await?;
    let entries = decode_entries(bundle, &bytes).map_err(|error| log.malformed(&error))?;
    let place = usize::try_from(index % WIDTH).unwrap_or(usize::MAX);
    if entries.get(place) != Some(&body) {
        return Err(Fault::OtherEntry { url: endpoint.url.clone() });
    }

    let plan = Plan::inclusion(LeafIndex(index), size).map_err(|error| log.malformed(&error))?;
    let mut tiles = TileSet::default();
    for tile in tiles_holding(plan.nodes(), size) {
        let bytes = log.read(&tile.to_string()).await?;
        tiles.insert(TileData::from_bytes(tile, &bytes).map_err(|error| log.malformed(&error))?);
    }
    let hashes = plan.run(&tiles).map_err(|error| log.malformed(&error))?;
    let proof =
        InclusionProof { log_index: index, root_hash, tree_size: size.0, hashes, checkpoint: Some(note) };
    let (kind, version) = HashedRekordV002::KIND_VERSION;
    Ok(LogEntry {
        log_index: index,
        log_id: id_of(&signed, log_ids).unwrap_or_default(),
        kind: kind.to_owned(),
        version: version.to_owned(),
        integrated_time: None,
        inclusion_promise: None,
        inclusion_proof: Some(proof),
        canonicalized_body: body.to_vec(),
    })
}

/// The trusted log whose id begins as a signature line of the checkpoint says.
fn id_of(signed: &SignedCheckpoint, log_ids: &[Vec<u8>]) -> Option<Vec<u8>> {
    let origin = signed.unverified().origin();
    let mut own = signed.note().signatures().iter().filter(|line| line.name() == origin);
    own.find_map(|line| log_ids.iter().find(|id| id.starts_with(&line.key_hash())).cloned())
}

fn bundle_holding(index: u64, size: TreeSize) -> Option<EntryBundle> {
    let number = index / WIDTH;
    let width = size.0.checked_sub(number * WIDTH)?.min(WIDTH);
    EntryBundle::new(number, u16::try_from(width).ok()?).ok()
}

/// A log's files, below its URL.
struct Files<'a> {
    http: &'a Client,
    endpoint: &'a Endpoint,
}

impl Files<'_> {
    async fn read(&self, path: &str) -> Result<Vec<u8>, Fault> {
        let url = self.endpoint.join(&format!("/{path}"));
        let request = Request { method: Method::GET, headers: &[], body: &[], limit: MAX_FILE_BYTES };
        let answer = request.send(self.http, &url).await?;
        match answer.status {
            200 => Ok(answer.body),
            // A partial tile goes when the tree has grown past it: the next checkpoint names another.
            404 => Err(Fault::NotYet { url: url.to_string() }),
            _ => Err(Fault::of(&url, &answer)),
        }
    }

    fn malformed(&self, reason: &dyn std::fmt::Display) -> Fault {
        Fault::Malformed { url: self.endpoint.url.clone(), reason: reason.to_string() }
    }
}
