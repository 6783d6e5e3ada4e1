use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{new, reason};
use crate::server::{JSON, Server};

fn imported(text: &str, fields: &Value) -> Value {
    let token: Value = serde_json::from_str(&new(&json!({"expires": "never"}))).unwrap();
    let mut one = json!({"hash": base16ct::lower::encode_string(&Sha256::digest(text)), "token": token});
    for (name, value) in fields.as_object().unwrap() {
        one[name] = value.clone();
    }
    one
}

#[test]
fn tokens_of_another_system_stay_valid_by_their_hashes() {
    let server = Server::start();
    let (seam, uuid) = ("sk_live_8hT4kQ2mZ9wXc5vB7nY3dFgH", "sk_test_3f0c2d1e-7a4b-4c5d-9e8f-0a1b2c3d4e5f");
    let body = json!({"tokens": [
        imported(seam, &json!({"id": "7", "created_at": "2025-01-01T00:00:00Z"})),
        imported(uuid, &json!({"revoked_at": "2025-06-01T00:00:00Z"})),
    ]});
    let import = || server.post("/v1/tokens/import", JSON, body.to_string());
    let answer = import().json();
    assert_eq!((&answer["tokens"][0]["imported_id"], &answer["tokens"][1]["state"]), (&json!("7"), &json!("revoked")));
    assert_eq!(reason(&server, seam), "");
    assert_eq!(reason(&server, &format!("7|{seam}")), "");
    assert_eq!(reason(&server, &format!("8|{seam}")), "token_unknown");
    assert_eq!(reason(&server, uuid), "token_revoked");
    assert_eq!(import().json()["tokens"], json!([]), "those that are there are left as they are");
}

#[test]
fn an_import_with_one_bad_token_imports_none() {
    let server = Server::start();
    let mut bad = imported("sk_live_8hT4kQ2mZ9wXc5vB7nY3dFgH", &json!({}));
    bad["hash"] = "123".into();
    let body = json!({"tokens": [imported("sk_live_8hT4kQ2mZ9wXc5vB7nY3dFgJ", &json!({})), bad]});
    let problem = server.post("/v1/tokens/import", JSON, body.to_string()).assert_problem(422, "invalid-token");
    assert_eq!((&problem["field"], &problem["index"]), (&json!("hash"), &json!(1)));
    assert!(server.events().is_empty());
}
