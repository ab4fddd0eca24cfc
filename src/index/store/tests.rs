//! Snapshots that are intact, stale, damaged in every way, or cannot be written.

use std::fs;

use super::super::testing::{DIMENSION, clustered};
use super::*;

fn fingerprint(data: &str) -> Fingerprint {
    Fingerprint::new(data, &[], "a model")
}

fn saved() -> (tempfile::TempDir, Index) {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::build(clustered(400, 11)).with_graph();
    save(dir.path(), &fingerprint("data"), &index).unwrap();
    (dir, index)
}

fn load(dir: &Path) -> Result<Index, Unusable> {
    super::load(dir, &fingerprint("data"))
}

#[track_caller]
fn assert_same_answers(one: &Index, two: &Index) {
    assert_eq!((one.len(), one.rows()), (two.len(), two.rows()));
    for query in clustered(100, 12).rows() {
        assert_eq!(one.search_graph(query, 20), two.search_graph(query, 20));
        assert_eq!(one.search_exact(query, 20), two.search_exact(query, 20));
    }
}

#[test]
fn a_loaded_index_answers_as_the_one_that_was_built() {
    let (dir, index) = saved();
    let loaded = load(dir.path()).unwrap();
    assert_same_answers(&index, &loaded);
    // A loaded index can be saved over its own snapshot.
    save(dir.path(), &fingerprint("data"), &loaded).unwrap();
    assert_same_answers(&index, &load(dir.path()).unwrap());
}

#[test]
fn an_empty_index_has_a_snapshot_too() {
    let dir = tempfile::tempdir().unwrap();
    save(
        dir.path(),
        &fingerprint("data"),
        &Index::build(Vectors::new(DIMENSION)),
    )
    .unwrap();
    assert!(load(dir.path()).unwrap().len() == 0);
}

#[test]
fn absent_and_stale_are_told_apart() {
    let (dir, _) = saved();
    assert!(matches!(
        load(&dir.path().join("elsewhere")),
        Err(Unusable::Absent { .. })
    ));
    assert!(matches!(
        super::load(dir.path(), &fingerprint("other data")),
        Err(Unusable::Stale { .. })
    ));
    let header = dir.path().join(SNAPSHOT).join(HEADER);
    let text = fs::read_to_string(&header).unwrap();
    for (now, before) in [
        (r#""hnsw_rs": "0.3.5""#, r#""hnsw_rs": "0.3.4""#),
        (r#""format": 2"#, r#""format": 1"#),
    ] {
        assert!(text.contains(now));
        fs::write(&header, text.replace(now, before)).unwrap();
        assert!(
            matches!(load(dir.path()), Err(Unusable::Stale { .. })),
            "{before}"
        );
    }
}

#[test]
fn no_damage_to_any_file_is_trusted() {
    let (dir, _) = saved();
    for file in [HEADER, VECTORS, ROWS, GRAPH] {
        let path = dir.path().join(SNAPSHOT).join(file);
        let whole = fs::read(&path).unwrap();
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x04;
            bytes
        };
        let longer = [&whole[..], &[0]].concat();
        let half = &whole[..whole.len() / 2];
        let versions = [
            half,
            &[],
            &flipped(whole.len() / 2),
            &flipped(0),
            &flipped(whole.len() - 1),
            &longer,
        ];
        for bytes in versions {
            fs::write(&path, bytes).unwrap();
            let reason = load(dir.path()).expect_err(file);
            // A header with a change in its middle may blame another file.
            let named = matches!(reason, Unusable::Damaged { .. }) && reason.to_string().contains(file);
            assert!(named || file == HEADER, "{file}: {reason}");
        }
        fs::remove_file(&path).unwrap();
        assert!(load(dir.path()).is_err(), "{file} is missing");
        fs::write(&path, &whole).unwrap();
        load(dir.path()).expect("the file is whole again");
    }
}

#[test]
fn a_header_that_counts_wrongly_is_damage() {
    let (dir, index) = saved();
    let header = dir.path().join(SNAPSHOT).join(HEADER);
    let text = fs::read_to_string(&header).unwrap();
    let rows = index.rows().len();
    for (right, wrong) in [
        (
            format!("\"dimension\": {DIMENSION}"),
            "\"dimension\": 16".to_string(),
        ),
        (
            format!("\"dimension\": {DIMENSION}"),
            "\"dimension\": 0".to_string(),
        ),
        (format!("\"rows\": {rows}"), format!("\"rows\": {}", rows - 1)),
        ("\"passages\": 400".to_string(), "\"passages\": 401".to_string()),
        (format!("\"{ROWS}\""), "\"other\"".to_string()),
    ] {
        assert!(text.contains(&right), "{right}");
        fs::write(&header, text.replace(&right, &wrong)).unwrap();
        assert!(
            matches!(load(dir.path()), Err(Unusable::Damaged { .. })),
            "{wrong}"
        );
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("file");
    fs::write(&blocked, "in the way").unwrap();
    let error = save(&blocked, &fingerprint("data"), &Index::build(clustered(20, 13))).unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
}
