//! Tiles: paths, which ones a tree has, and proofs out of them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sealwax_tlog::merkle::build::{HashSource, Node, Plan, consistency_proof, inclusion_proof, root};
use sealwax_tlog::tile::{
    EntriesError, EntryBundle, MAX_ENTRY_BYTES, Tile, TileData, TileError, TilePathError, TileSet,
    decode_entries, encode_entries, new_entry_bundles, new_tiles, tiles_holding,
};
use sealwax_tlog::{LeafIndex, TreeSize};

use crate::model::Model;

fn tile(level: u8, index: u64, width: u16) -> Tile {
    Tile::new(level, index, width).unwrap()
}

fn paths(tiles: impl IntoIterator<Item = Tile>) -> Vec<String> {
    tiles.into_iter().map(|tile| tile.to_string()).collect()
}

/// The bytes of a tile, hash by hash from the model.
fn data(model: &Model, tile: Tile) -> TileData {
    let hash = |offset: u64| {
        model.hash(Node { level: 8 * tile.level(), index: tile.index() * 256 + offset }).unwrap()
    };
    let bytes: Vec<u8> = (0..u64::from(tile.width())).flat_map(hash).collect();
    let data = TileData::from_bytes(tile, &bytes).unwrap();
    assert_eq!(data.to_bytes(), bytes);
    data
}

#[test]
fn paths_are_written_and_read() {
    for (path, expected) in [
        ("tile/0/000", tile(0, 0, 256)),
        ("tile/0/000.p/1", tile(0, 0, 1)),
        ("tile/0/999.p/255", tile(0, 999, 255)),
        ("tile/1/x001/000", tile(1, 1000, 256)),
        ("tile/0/x001/x234/067", tile(0, 1_234_067, 256)),
        ("tile/63/x018/x446/x744/x073/x709/x551/615.p/12", tile(63, u64::MAX, 12)),
    ] {
        assert_eq!(expected.to_string(), path);
        assert_eq!(path.parse(), Ok(expected));
    }
    let bundle = EntryBundle::new(1_234_067, 7).unwrap();
    assert_eq!(bundle.to_string(), "tile/entries/x001/x234/067.p/7");
    assert_eq!("tile/entries/x001/x234/067.p/7".parse(), Ok(bundle));
}

#[test]
fn other_spellings_of_a_path_are_refused() {
    use TilePathError::*;
    let check =
        |path: &str, expected: TilePathError| assert_eq!(path.parse::<Tile>(), Err(expected), "{path:?}");
    for path in ["", "/tile/0/000", "tile", "tile/", "tile/0", "tiles/0/000", "Tile/0/000"] {
        check(path, BadPrefix);
    }
    for level in ["", "00", "64", "-1", "entries", "256", "data"] {
        check(&format!("tile/{level}/000"), BadLevel);
    }
    for index in [
        "",
        "0",
        "00",
        "0000",
        "x000",
        "001/000",
        "x000/001",
        "x000/x000/001",
        "x1/000",
        "x0001/000",
        "X001/000",
        "x001/",
        "x001//000",
        "x001/x000",
        "000/",
        "+00",
        "x018/x446/x744/x073/x709/x551/616",
        "x001/x000/x000/x000/x000/x000/x000/000",
    ] {
        check(&format!("tile/0/{index}"), BadIndex);
        check(&format!("tile/0/{index}.p/1"), BadIndex);
    }
    check(&format!("tile/0/{}000", "x001/".repeat(1000)), BadIndex);
    for width in ["", "0", "256", "01", "-1", "1/", "1.p/1", "65536"] {
        check(&format!("tile/0/000.p/{width}"), BadWidth);
    }
    check("tile/0/000.p", BadIndex);
    assert_eq!("tile/0/000".parse::<EntryBundle>(), Err(BadPrefix));
    assert_eq!("tile/entries/000.p/256".parse::<EntryBundle>(), Err(BadWidth));
    assert_eq!(Tile::new(64, 0, 1), Err(TileError::BadLevel { level: 64 }));
    assert_eq!(Tile::new(0, 0, 0), Err(TileError::BadWidth { width: 0 }));
    assert_eq!(EntryBundle::new(0, 257), Err(TileError::BadWidth { width: 257 }));
}

/// The two examples of C2SP `tlog-tiles`, "Partial Tiles".
#[test]
fn the_specifications_trees_have_its_tiles() {
    let of = |size| new_tiles(TreeSize(0), TreeSize(size)).collect::<Vec<_>>();
    assert_eq!(paths(of(256)), ["tile/0/000", "tile/1/000.p/1"]);

    let tiles = of(70_000);
    assert_eq!(tiles.iter().filter(|tile| tile.level() == 0 && tile.is_full()).count(), 273);
    assert_eq!(tiles.iter().filter(|tile| tile.level() == 1 && tile.is_full()).count(), 1);
    let partial: Vec<Tile> = tiles.into_iter().filter(|tile| !tile.is_full()).collect();
    assert_eq!(paths(partial), ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    assert!(of(0).is_empty());
}

#[test]
fn a_grown_tree_has_new_tiles_only_where_it_grew() {
    let new = |old, new| paths(new_tiles(TreeSize(old), TreeSize(new)));
    assert_eq!(new(255, 257), ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
    assert_eq!(new(256, 257), ["tile/0/001.p/1"]);
    assert_eq!(new(300, 300), Vec::<String>::new());
    assert_eq!(new(300, 299), Vec::<String>::new());
    assert_eq!(new(u64::MAX - 1, u64::MAX), ["tile/0/x072/x057/x594/x037/x927/935.p/255"]);
    let bundles: Vec<String> =
        new_entry_bundles(TreeSize(255), TreeSize(600)).map(|bundle| bundle.to_string()).collect();
    assert_eq!(bundles, ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"]);
}

/// All proofs of a tree, and of its prefixes, out of tiles alone; and the tiles that are asked for are enough.
#[test]
fn proofs_come_out_of_tiles() {
    const SIZES: [u64; 8] = [1, 2, 255, 256, 257, 512, 700, 70_000];
    let model = Model::counting(70_000);
    for size in SIZES {
        let mut all = TileSet::default();
        for tile in new_tiles(TreeSize(0), TreeSize(size)) {
            all.insert(data(&model, tile));
        }
        assert_eq!(root(&all, TreeSize(size)).unwrap(), root(&model, TreeSize(size)).unwrap());
        for index in (0..size).step_by(usize::try_from(size / 50 + 1).unwrap()) {
            let index = LeafIndex(index);
            let proof = inclusion_proof(&all, index, TreeSize(size)).unwrap();
            assert_eq!(Ok(&proof), inclusion_proof(&model, index, TreeSize(size)).as_ref());

            let mut fetched = TileSet::default();
            for tile in tiles_holding(Plan::inclusion(index, TreeSize(size)).unwrap().nodes(), TreeSize(size))
            {
                fetched.insert(data(&model, tile));
            }
            assert_eq!(inclusion_proof(&fetched, index, TreeSize(size)), Ok(proof));
        }
        for old in SIZES.into_iter().filter(|old| *old <= size) {
            let from_tiles = consistency_proof(&all, TreeSize(old), TreeSize(size)).unwrap();
            assert_eq!(Ok(from_tiles), consistency_proof(&model, TreeSize(old), TreeSize(size)));
        }
    }
}

#[test]
fn every_node_of_a_tile_is_found_and_no_other() {
    let model = Model::counting(600);
    let size = TreeSize(600);
    let all: Vec<TileData> = new_tiles(TreeSize(0), size).map(|tile| data(&model, tile)).collect();
    for level in 0..10 {
        for index in 0..=(600 >> level) {
            let node = Node { level, index };
            let held = Tile::holding(node, size);
            let complete = (index + 1) << level <= 600;
            assert_eq!(held.is_some(), complete, "{node:?}");
            for data in &all {
                let expected = match held {
                    Some(tile) if tile == data.tile() => Ok(model.hash(node).unwrap()),
                    _ => Err(TileError::NotInTile { node }),
                };
                assert_eq!(data.hash(node), expected, "{node:?}");
            }
        }
    }
}

#[test]
fn nodes_beyond_every_tree_are_in_no_tile() {
    for (level, index) in [(64, 0), (255, 0), (63, 2), (0, u64::MAX), (8, u64::MAX), (1, 1 << 63)] {
        let node = Node { level, index };
        assert_eq!(Tile::holding(node, TreeSize(u64::MAX)), None, "{node:?}");
        assert_eq!(TileSet::default().hash(node), Err(TileError::NotInTile { node }));
    }
    let largest = Tile::holding(Node { level: 63, index: 0 }, TreeSize(u64::MAX));
    assert_eq!(largest, Some(tile(7, 0, 255)));
}

#[test]
fn a_tile_has_exactly_its_bytes() {
    for (width, bytes) in [(1, 0), (1, 31), (1, 33), (1, 64), (256, 8191), (256, 8193), (2, 32)] {
        let expected = usize::from(width) * 32;
        assert_eq!(
            TileData::from_bytes(tile(0, 0, width), &vec![0; bytes]),
            Err(TileError::WrongLength { expected, found: bytes })
        );
    }
}

#[test]
fn the_wider_tile_stays() {
    let model = Model::counting(300);
    let mut set = TileSet::default();
    for width in [3, 200, 5] {
        set.insert(data(&model, tile(0, 0, width)));
    }
    let node = Node { level: 0, index: 199 };
    assert_eq!(set.hash(node), Ok(model.hash(node).unwrap()));
}

#[test]
fn bundles_hold_entries_behind_their_lengths() {
    let long = vec![7; MAX_ENTRY_BYTES];
    let entries: [&[u8]; 3] = [b"ab", b"", &long];
    let bytes = encode_entries(&entries).unwrap();
    assert_eq!(bytes[..6], [0, 2, b'a', b'b', 0, 0]);
    let bundle = |width| EntryBundle::new(0, width).unwrap();
    assert_eq!(decode_entries(bundle(3), &bytes).unwrap(), entries);

    assert_eq!(decode_entries(bundle(2), &bytes), Err(EntriesError::WrongCount { expected: 2, found: 3 }));
    assert_eq!(decode_entries(bundle(4), &bytes), Err(EntriesError::WrongCount { expected: 4, found: 3 }));
    assert_eq!(decode_entries(bundle(1), &[]), Err(EntriesError::WrongCount { expected: 1, found: 0 }));
    for (length, position) in [(1, 0), (3, 0), (5, 1), (7, 2), (bytes.len() - 1, 2)] {
        assert_eq!(
            decode_entries(bundle(3), &bytes[..length]),
            Err(EntriesError::Cut { position }),
            "{length}"
        );
    }
    // A flood of empty entries is not collected.
    let flood = vec![0; 1 << 20];
    assert_eq!(
        decode_entries(bundle(256), &flood),
        Err(EntriesError::WrongCount { expected: 256, found: 257 })
    );

    assert_eq!(encode_entries(&[]), Err(EntriesError::WrongCount { expected: 256, found: 0 }));
    assert_eq!(
        encode_entries(&[b"".as_slice(); 257]),
        Err(EntriesError::WrongCount { expected: 256, found: 257 })
    );
    let too_long = vec![0; MAX_ENTRY_BYTES + 1];
    assert_eq!(
        encode_entries(&[b"a", &too_long]),
        Err(EntriesError::EntryTooLong { position: 1, bytes: MAX_ENTRY_BYTES + 1 })
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_path_is_read_back(level in 0..=63_u8, index in any::<u64>(), width in 1..=256_u16) {
        let tile = tile(level, index, width);
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
        let bundle = EntryBundle::new(index, width).unwrap();
        prop_assert_eq!(bundle.to_string().parse(), Ok(bundle));
    }

    #[test]
    fn whatever_is_read_is_written_so(path in "tile/(0|1|63|64|entries)/(x[0-9]{3}/){0,3}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path.clone());
        }
        if let Ok(bundle) = path.parse::<EntryBundle>() {
            prop_assert_eq!(bundle.to_string(), path);
        }
    }

    #[test]
    fn growth_in_steps_makes_the_same_tiles(steps in prop::collection::vec(0..700_u64, 1..6)) {
        let mut stepwise = BTreeSet::new();
        let mut size = 0;
        for step in steps {
            stepwise.extend(new_tiles(TreeSize(size), TreeSize(size + step)));
            size += step;
        }
        let at_once: BTreeSet<Tile> = new_tiles(TreeSize(0), TreeSize(size)).collect();
        prop_assert!(at_once.is_subset(&stepwise));
        // What is beyond are the partial tiles of the sizes on the way.
        prop_assert!(stepwise.difference(&at_once).all(|tile| !tile.is_full()));
    }
}
