use super::*;

fn imported(noted: &mut Noted, file: &Path) -> u64 {
    let known = noted.known_bytes(Format::Indelible, file).unwrap();
    let content = fs::read(file).unwrap();
    let digest = seed(Format::Indelible).chain_update(&content);
    noted.advance(Mark::new(&digest, content.len() as u64)).unwrap();
    noted.write().unwrap();
    known
}

#[test]
fn a_file_is_known_by_what_was_imported_of_it_whatever_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let (log, rotated) = (directory.path().join("auth.log"), directory.path().join("auth.log.1"));
    fs::write(&log, "one\n").unwrap();
    assert_eq!(imported(&mut Noted::of(directory.path()).unwrap(), &log), 0);
    fs::write(&log, "one\ntwo\n").unwrap();
    assert_eq!(imported(&mut Noted::of(directory.path()).unwrap(), &log), 4, "it has grown");
    fs::rename(&log, &rotated).unwrap();
    fs::write(&log, "new\nlog\n").unwrap();
    let mut noted = Noted::of(directory.path()).unwrap();
    assert_eq!(imported(&mut noted, &rotated), 8);
    assert_eq!(imported(&mut noted, &log), 0, "another file under the old name");
    assert_eq!(noted.marks.len(), 2);
    assert_eq!(noted.known_bytes(Format::Okta, &log).unwrap(), 0, "as another format it would give other events");
}

#[test]
fn the_oldest_files_are_forgotten_first() {
    let directory = tempfile::tempdir().unwrap();
    let mut noted = Noted::of(directory.path()).unwrap();
    let file = |number: usize| directory.path().join(format!("{number}.log"));
    for number in 0..=IMPORTS_REMEMBERED_MAX {
        fs::write(file(number), format!("{number:04}\n")).unwrap();
        let digest = seed(Format::Indelible).chain_update(format!("{number:04}\n"));
        noted.own = None;
        noted.advance(Mark::new(&digest, 5)).unwrap();
    }
    assert_eq!(noted.known_bytes(Format::Indelible, &file(0)).unwrap(), 0);
    assert_eq!(noted.known_bytes(Format::Indelible, &file(1)).unwrap(), 5);
}
