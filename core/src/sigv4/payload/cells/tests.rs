use super::*;
use crate::sigv4::payload::{BodyCheck, BodyPlan, ChunkChain, Framing, Signatures, Signed};
use proptest::prelude::*;

const SIZE: usize = CELL as usize;

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// The sizes of the cells of a body that comes in pieces of this size, of which each is what it says it is.
fn sizes(length: usize, piece: usize) -> Vec<usize> {
    let body = body(length);
    let mut cells = Cells::new(length as u64);
    let mut cut = Vec::new();
    for piece in body.chunks(piece) {
        cut.extend(cells.cut(Bytes::copy_from_slice(piece), Vec::new()));
        assert!(cells.cell.len() <= SIZE, "one cell is kept");
    }
    assert!(cut.iter().map(|cell| cell.data.len()).sum::<usize>() < length);
    cut.extend(cells.last());
    let bytes: Vec<u8> = cut.iter().flat_map(|cell| cell.data.to_vec()).collect();
    assert!(bytes == body);
    assert!(cut.iter().all(|cell| cell.hash == sha256(&cell.data)));
    cut.iter().map(|cell| cell.data.len()).collect()
}

#[test]
fn a_body_is_cut_at_64_kib_and_its_last_cell_waits_for_its_end() {
    for piece in [1000, SIZE, 3 * SIZE] {
        assert_eq!(sizes(1, piece), [1]);
        assert_eq!(sizes(SIZE, piece), [SIZE]);
        assert_eq!(sizes(SIZE + 1, piece), [SIZE, 1]);
        assert_eq!(sizes(2 * SIZE, piece), [SIZE, SIZE]);
        assert_eq!(sizes(2 * SIZE + 1024, piece), [SIZE, SIZE, 1024]);
    }
}

#[test]
fn a_body_that_is_short_of_its_length_has_no_last_cell() {
    let mut cells = Cells::new(3);
    assert_eq!(cells.cut(Bytes::from_static(b"ab"), Vec::new()), []);
    assert_eq!(cells.last(), None);
}

#[test]
fn what_was_not_announced_is_left_out_of_the_cells() {
    let mut cells = Cells::new(2);
    assert_eq!(cells.cut(Bytes::from_static(b"abc"), Vec::new()), []);
    assert_eq!(cells.last().unwrap().data, "ab");
}

#[test]
fn a_known_hash_serves_for_its_own_cell_alone() {
    let hash = [7; 32];
    let known = |start| vec![CellHash { start, hash }];
    let own = |cell: &Cell| cell.hash == sha256(&cell.data);
    let mut cells = Cells::new(3 * CELL);
    let all = Bytes::from(body(3 * SIZE));
    let cut = cells.cut(all, known(CELL));
    assert_eq!(cut.iter().map(own).collect::<Vec<_>>(), [true, false]);
    assert!(own(&cells.last().unwrap()));
}

#[test]
fn only_what_is_just_one_cell_is_one() {
    for (start, size, length, expected) in [
        (0, CELL, 2 * CELL, true),
        (CELL, CELL, 2 * CELL, true),
        (CELL, 10, CELL + 10, true),
        (0, 10, 10, true),
        (0, 0, 10, false),
        (0, CELL, CELL - 1, false),
        (0, 9, 10, false),
        (1, CELL, 2 * CELL, false),
        (0, 2 * CELL, 2 * CELL, false),
        (CELL, CELL - 1, 2 * CELL, false),
    ] {
        assert_eq!(
            is_cell(start, size, length),
            expected,
            "{start} {size} {length}"
        );
    }
}

/// AWS's example of signed chunks, whose chunks are cells.
#[test]
fn hashes_of_the_clients_chunks_are_those_of_the_cells() {
    let signatures = Signatures::Verified(Signed::Chunks, ChunkChain::example());
    let plan = BodyPlan {
        length: 66_560,
        framing: Framing::Frames { signatures },
        ..BodyPlan::default()
    };
    let framed = [
        "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n",
        &"a".repeat(65_536),
        "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n",
        &"a".repeat(1024),
        "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n",
    ]
    .concat();
    for piece in [100, 5000, SIZE, usize::MAX] {
        let mut check = BodyCheck::new(&plan);
        let mut found = Vec::new();
        for piece in framed.as_bytes().chunks(piece) {
            check.feed(Bytes::copy_from_slice(piece)).unwrap();
            found.extend(check.hashes());
        }
        assert_eq!(check.finish().unwrap().len(), 1);
        let hash = |length| sha256("a".repeat(length).as_bytes());
        let [first, second] = [(0, hash(65_536)), (CELL, hash(1024))];
        let found: Vec<_> = found.iter().map(|cell| (cell.start, cell.hash)).collect();
        assert_eq!(found, [first, second], "{piece}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn every_piece_size_gives_the_same_cells(length in 1..200_000_usize, piece in 1..150_000_usize) {
        prop_assert_eq!(sizes(length, piece), sizes(length, usize::MAX));
    }
}
