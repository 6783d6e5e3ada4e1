use indelible::{Event, Recorded, Target};
use indelible_engine::column::Column;

fn cell(event: Event, column: Column) -> String {
    let recorded = Recorded { id: indelible::EventId::new(indelible::Timestamp::MIN, 1, 7), seq: 7, event };
    let mut row = Vec::new();
    super::write(&recorded, &mut row).unwrap();
    let row = String::from_utf8(row).unwrap();
    row.trim_end().split(',').nth(2 + usize::from(column as u8)).unwrap().to_owned()
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe() {
    for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
        let cell = cell(Event::new("a.b").request_id(formula), Column::RequestId);
        assert_eq!(cell, format!("\"'{formula}\""));
    }
}

#[test]
fn quotes_are_doubled() {
    assert_eq!(cell(Event::new("a.b").request_id("say \"no\""), Column::RequestId), "\"say \"\"no\"\"\"");
}

#[test]
fn lists_are_joined_and_keep_their_places() {
    let event = Event::new("a.b").target(Target::new("token", "1")).target(Target::new("user", "2"));
    assert_eq!(cell(event.clone(), Column::TargetsType), "token|user");
    assert_eq!(cell(event.clone(), Column::TargetsId), "1|2");
    assert_eq!(cell(event, Column::TargetsName), "|");
}

#[test]
fn the_header_names_every_column() {
    let mut header = Vec::new();
    super::write_header(&mut header).unwrap();
    assert_eq!(String::from_utf8(header).unwrap().split(',').count(), 2 + Column::ALL.len());
}
