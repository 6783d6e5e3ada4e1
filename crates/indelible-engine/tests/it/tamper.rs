//! Whatever is altered in a data directory is found, and the message says where: by somebody who flips bytes, by somebody
//! who knows the formats and makes every checksum right again, and by somebody who has the signing key too, whom only a
//! checkpoint that was kept elsewhere gives away.
//!
//! `INDELIBLE_MESSAGES=1 cargo test -p indelible-engine --test it tamper -- --nocapture` shows the messages.

mod forger;
mod store;

use indelible_proof::note::SigningKey;

use self::store::{ALL, Copy, SEALED, SEGMENTS, WAL, large, original};

fn copied() -> Copy {
    Copy::of(original())
}

#[test]
fn an_untouched_copy_is_what_every_kept_checkpoint_says() {
    assert_eq!(copied().verify(&original().kept), Ok(ALL));
    assert_eq!(Copy::of(large()).verify(&large().kept), Ok(66_500));
}

#[test]
fn a_flipped_byte_of_a_segment_is_found_in_its_file_and_field() {
    let sealed = SEGMENTS[1];
    let mut messages = String::new();
    let len = copied().read(sealed).len();
    let everywhere = (0..len).step_by(len / 40);
    for at in [0, 8, 12, 16].into_iter().chain(everywhere).chain([40, 20, 16, 12, 8, 1].map(|behind| len - behind)) {
        let copy = copied();
        copy.flip(sealed, at);
        messages += &copy.assert_found(&format!("byte {at} of a segment"), &[], &[sealed, "damaged at byte"]);
    }
    for field in ["action, events 6500 to 7199", "actor.id, events 6500", "request_id: ", "metadata: "] {
        let field = field.replace(", events", ": events");
        assert!(messages.contains(&field), "{field}: {messages}");
    }
}

#[test]
fn a_flipped_byte_of_the_write_ahead_log_is_found_at_its_frame() {
    let header = [("magic", 0), ("version", 8), ("reserved", 10), ("log number", 12), ("first seq", 16), ("crc", 24)];
    for (field, at) in header {
        let copy = copied();
        copy.flip(WAL, at);
        copy.assert_found(&format!("{field} of the WAL's header"), &[], &[WAL, "damaged at byte 0"]);
    }
    let fields =
        [("magic", 0), ("codec", 4), ("first seq", 8), ("synced", 16), ("count", 24), ("length", 28), ("crc", 32)];
    for nth in [1, 3] {
        let copy = copied();
        let (begin, end) = (copy.frame_at(nth), copy.frame_at(nth + 1));
        let note = copy.frames()[nth].note.len();
        let parts = [("an event", 60), ("the checkpoint", end - begin - note + 5), ("the signature", end - begin - 10)];
        for (field, at) in fields.into_iter().chain(parts) {
            let copy = copied();
            copy.flip(WAL, begin + at);
            let before = copy.files();
            let what = format!("{field} in frame {nth} of the WAL");
            copy.assert_found(&what, &[], &[WAL, &format!("damaged at byte {begin}:")]);
            assert!(copy.files() == before, "{what}: nothing was changed");
        }
    }
}

#[test]
fn a_flipped_byte_of_a_tile_is_found_in_its_file() {
    for at in [0, 31, 7 * 32 + 5, 28 * 32] {
        let copy = copied();
        copy.flip("tree/1/00000000000000000000", at);
        let place = format!("tree/1/{:020} is not made of them", 0);
        copy.assert_found(&format!("byte {at} of a tile of level 1"), &[], &[&place]);
    }
}

#[test]
fn a_flipped_byte_of_a_full_tile_or_one_above_is_found_in_its_file() {
    for (tile, at) in [
        ("tree/1/00000000000000000000", 100 * 32),
        ("tree/1/00000000000000000001", 32),
        ("tree/2/00000000000000000000", 3),
    ] {
        let copy = Copy::of(large());
        copy.flip(tile, at);
        copy.assert_found(&format!("byte {at} of {tile}"), &[], &[tile, "not made of"]);
    }
}

#[test]
fn a_flipped_byte_of_the_checkpoint_is_found_in_its_file() {
    let text = String::from_utf8(copied().read("tree/checkpoint")).unwrap();
    let lines: Vec<usize> = text.lines().map(|line| line.as_ptr().addr() - text.as_ptr().addr()).collect();
    let [origin, size, root, _, signature] = lines[..] else { panic!("{text}") };
    for (field, at) in [
        ("origin", origin),
        ("size", size),
        ("root", root + 9),
        ("key id", signature + 23),
        ("signature", signature + 60),
    ] {
        let copy = copied();
        copy.flip("tree/checkpoint", at);
        copy.assert_found(&format!("{field} of the checkpoint"), &[], &["tree/checkpoint"]);
    }
}

#[test]
fn a_flipped_byte_of_a_key_is_found_in_its_file_or_its_events() {
    let skey = String::from_utf8(copied().read("keys/signing.key")).unwrap();
    let parts: Vec<&str> = skey.split('+').collect();
    let at = |nth: usize| parts[..nth].iter().map(|part| part.len() + 1).sum::<usize>() + 2;
    for (field, at) in [("form", 1), ("name", at(2)), ("id", at(3)), ("secret", at(4) + 9)] {
        let copy = copied();
        copy.flip("keys/signing.key", at);
        copy.assert_found(&format!("{field} of the signing key"), &[], &["keys/signing.key"]);
    }
    let copy = copied();
    copy.flip("keys/epochs/00000000000000006500.key", 3);
    copy.assert_found("the epoch key of a segment", &[], &["6400 to 6655", SEGMENTS[1], "epoch key"]);
    let copy = copied();
    copy.flip(&format!("keys/epochs/{SEALED:020}.key"), 3);
    copy.assert_found("the epoch key of the tail", &[], &[WAL, "events 7424 to 7539", "epoch key"]);
}

#[test]
fn an_altered_log_toml_is_found() {
    let text = String::from_utf8(copied().read("log.toml")).unwrap();
    let number = text.split("number = ").nth(1).unwrap().lines().next().unwrap();
    let other = (number.parse::<u32>().unwrap() ^ 1).to_string();
    let changes = [
        ("name", "audit.example", "adjit.example", ["keys/signing.key", "audit.example.com"]),
        ("number", number, &other, [WAL, "belongs to log number"]),
        ("format", "format = 3", "format = 4", ["log.toml", "format 4"]),
        ("created_at", "Z\"", "X\"", ["log.toml", "created_at"]),
    ];
    for (field, from, to, places) in changes {
        let copy = copied();
        copy.write("log.toml", text.replace(from, to));
        copy.assert_found(&format!("{field} in log.toml"), &[], &places);
    }
}

#[test]
fn a_missing_file_is_named() {
    let epoch = format!("keys/epochs/{:020}.key", 6_500);
    let missing: [(&str, &[&str]); 7] = [
        ("log.toml", &["log.toml", "missing"]),
        ("keys/signing.key", &["keys/signing.key"]),
        (&epoch, &[&epoch, "this epoch key"]),
        ("tree/checkpoint", &["tree/checkpoint", "missing"]),
        (SEGMENTS[0], &[SEGMENTS[1], "the events before 6500 are not there"]),
        (SEGMENTS[1], &[SEGMENTS[2], "event 6500 comes next"]),
        (SEGMENTS[2], &[WAL, "event 7200 comes next"]),
    ];
    for (name, places) in missing {
        let copy = copied();
        copy.remove(name);
        let places = if name == SEGMENTS[0] { &["6500"] } else { places };
        copy.assert_found(&format!("without {name}"), &[], places);
    }
    let copy = copied();
    copy.remove(WAL);
    copy.assert_found("without the WAL", &[], &["tree/checkpoint", "signed for 7591 events, but only 7500 are there"]);
    let copy = copied();
    copy.remove(WAL);
    copy.remove(SEGMENTS[2]);
    copy.assert_found(
        "without the last segment and the WAL",
        &[],
        &["signed for 7591 events, but only 7200 are there"],
    );
    let copy = copied();
    [WAL, SEGMENTS[2], "tree/checkpoint", "keys/signing.key"].iter().for_each(|name| copy.remove(name));
    copy.assert_found("without what was signed and its key", &[], &["keys/signing.key"]);
    let copy = copied();
    copy.remove("tree/1/00000000000000000000");
    assert_eq!(copy.verify(&original().kept), Ok(ALL), "a lost tile is made again from the events");
}

#[test]
fn an_altered_or_moved_event_is_found_though_every_checksum_holds() {
    let copy = copied();
    copy.rewrite(SEGMENTS[0], |events| events[1_000].actor.as_mut().unwrap().id = Some("mallory".to_owned()));
    copy.assert_found("one value of event 1000", &[], &["768 to 1023", SEGMENTS[0]]);

    let copy = copied();
    copy.rewrite(SEGMENTS[0], |events| events.swap(4_000, 4_001));
    copy.assert_found("events 4000 and 4001 swapped", &[], &["3840 to 4095", SEGMENTS[0]]);

    let copy = copied();
    copy.rewrite(SEGMENTS[2], |events| events[299].outcome = None);
    copy.assert_found("one value of event 7499, which no tile covers", &[], &["events 7424 to 7539", SEGMENTS[2]]);

    let copy = copied();
    let mut frames = copy.frames();
    frames[1].events.swap(0, 1);
    copy.write_frames(&frames);
    copy.assert_found("events 7540 and 7541 swapped in the WAL", &[], &[WAL, "events 7540 to 7569"]);

    let copy = copied();
    let mut frames = copy.frames();
    let taken = frames[0].events[3].clone();
    frames[3].events[19] = taken;
    copy.write_frames(&frames);
    copy.assert_found("the last event replaced in the WAL", &[], &[WAL, "events 7571 to 7590"]);
}

#[test]
fn a_dropped_event_is_found_though_every_checksum_holds() {
    let copy = copied();
    copy.shorten(SEGMENTS[0], 1, |events| drop(events.remove(0)));
    copy.assert_found("without the first event", &[], &["0001-00000000000000006499.seg", "event 0 comes next"]);

    let copy = copied();
    copy.shorten(SEGMENTS[0], 0, |events| drop(events.remove(0)));
    copy.assert_found("without the first event, the others moved up", &[], &[SEGMENTS[1], "event 6499 comes next"]);

    let copy = copied();
    copy.shorten(SEGMENTS[0], 0, |events| drop(events.remove(3_000)));
    copy.assert_found("without event 3000", &[], &[SEGMENTS[1], "event 6499 comes next"]);

    let copy = copied();
    copy.rewrite(SEGMENTS[0], |events| {
        events.remove(3_000);
        events.push(events[0].clone());
    });
    copy.assert_found("event 3000 dropped and another added", &[], &["2816 to 3071", SEGMENTS[0]]);

    let copy = copied();
    copy.shorten(SEGMENTS[2], 7_200, |events| drop(events.pop()));
    copy.assert_found("without the last sealed event", &[], &[WAL, "event 7499 comes next"]);

    let copy = copied();
    let mut frames = copy.frames();
    frames[3].events.pop();
    copy.write_frames(&frames);
    copy.assert_found("without the last event", &[], &[WAL, "events 7571 to 7589"]);

    let copy = copied();
    let mut frames = copy.frames();
    frames[0].events.remove(5);
    for frame in &mut frames[1..] {
        frame.first_seq -= 1;
    }
    copy.write_frames(&frames);
    copy.assert_found("without event 7505 of the WAL", &[], &[WAL, "events 7500 to 7538"]);
}

#[test]
fn frames_that_nobody_signed_are_not_taken() {
    let copy = copied();
    let mut frames = copy.frames();
    frames[3].note.clear();
    copy.write_frames(&frames);
    copy.assert_found("a frame whose checkpoint was taken out", &[], &[WAL, "events 7571 to 7590"]);

    let copy = copied();
    let mut frames = copy.frames();
    let mut forged = frames[0].clone();
    forged.first_seq = ALL;
    frames.push(forged);
    copy.write_frames(&frames);
    copy.assert_found("a frame that was added", &[], &[WAL, "events 7591 to 7630"]);
}

#[test]
fn a_tail_cut_between_two_frames_is_found() {
    for nth in 0..4 {
        let copy = copied();
        let frames = copy.frames();
        copy.write_frames(&frames[..nth]);
        let left = [7_500, 7_540, 7_570, 7_571][nth];
        let what = format!("the WAL cut before frame {nth}");
        copy.assert_found(
            &what,
            &[],
            &["tree/checkpoint", &format!("signed for 7591 events, but only {left} are there")],
        );

        // Whoever puts the checkpoint of the last frame in place of the newest has an older copy, sound in itself.
        if nth > 0 {
            let copy = copied();
            copy.write_frames(&frames[..nth]);
            copy.write("tree/checkpoint", &frames[nth - 1].note);
            assert_eq!(copy.verify(&[]), Ok(left));
            let copy = copied();
            copy.write_frames(&frames[..nth]);
            copy.write("tree/checkpoint", &frames[nth - 1].note);
            let what = format!("{what}, and its checkpoint put in place");
            copy.assert_found(&what, &original().kept, &[&format!("only {left} are there")]);
        }
    }
}

#[test]
fn tiles_that_were_made_to_fit_are_given_away_by_the_signed_root() {
    let copy = copied();
    copy.rewrite(SEGMENTS[0], |events| events.swap(4_000, 4_001));
    copy.fit_tiles();
    copy.assert_found(
        "events swapped, and the tiles made to fit",
        &[],
        &[WAL, "the first 7540 events", "or an earlier one and"],
    );

    for lost in ["tree/checkpoint", "keys/signing.key"] {
        let copy = copied();
        copy.rewrite(SEGMENTS[0], |events| events.swap(4_000, 4_001));
        copy.fit_tiles();
        copy.write_frames(&[]);
        copy.remove(lost);
        copy.assert_found(&format!("the same without frames and {lost}"), &[], &[lost]);
    }
    let copy = copied();
    copy.rewrite(SEGMENTS[0], |events| events.swap(4_000, 4_001));
    copy.fit_tiles();
    copy.sign(&SigningKey::new("audit.example.com", &[1; 32]).unwrap());
    assert_eq!(copy.verify(&[]), Ok(ALL), "under a key of the same name it is another log, sound in itself");
    copy.assert_found("all signed anew with another key", &original().kept, &["signature"]);
}

#[test]
fn whoever_has_the_signing_key_is_given_away_by_a_kept_checkpoint() {
    let copy = copied();
    copy.rewrite(SEGMENTS[0], |events| events.swap(4_000, 4_001));
    copy.fit_tiles();
    copy.sign(&copy.key());
    assert_eq!(copy.verify(&[]), Ok(ALL), "nothing inside the directory gives it away");
    assert_eq!(copy.verify(&original().kept[..2]), Ok(ALL), "these do not cover the events");
    copy.assert_found(
        "all signed anew with the log's key",
        &original().kept,
        &["the first 5300 events", "not before event 4000"],
    );
}

#[test]
fn an_older_copy_and_a_fork_are_found_by_a_kept_checkpoint() {
    let older = copied();
    let newer = copied();
    let kept = newer.append(10_000..10_400);
    assert_eq!(older.verify(&[]), Ok(ALL));
    older.assert_found("an older copy", std::slice::from_ref(&kept), &["7991", "7591"]);

    let shorter = copied();
    shorter.append(20_000..20_100);
    assert_eq!(shorter.verify(&original().kept), Ok(ALL + 100));
    shorter.assert_found("a fork that is shorter", std::slice::from_ref(&kept), &["7991", "7691"]);

    let longer = copied();
    longer.append(20_000..20_700);
    let all = [original().kept.as_slice(), std::slice::from_ref(&kept)].concat();
    longer.assert_found("a fork that is longer", &all, &["the first 7991 events", "not before event 7591"]);
    assert_eq!(newer.verify(&all), Ok(ALL + 400));
}
