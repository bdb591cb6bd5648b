//! Another workspace's ids answer 404, on every route that the OpenAPI document has.

use serde_json::json;

use crate::common::{Product, until};

#[tokio::test(flavor = "multi_thread")]
async fn no_route_shows_anything_of_another_workspace() {
    let mut product = Product::dev(&["--quiet"]).await;
    let id = product.send("+33698765432", "secret de la maison").await.id();
    product.reaches(&id, &["delivered"]).await;

    product.admin(&["workspaces", "create", "--name", "Autre"]);
    let scopes = facteur_gateway::Scope::ALL.map(facteur_gateway::Scope::as_str).join(",");
    let made = product.admin(&[
        "keys",
        "create",
        "--workspace",
        "Autre",
        "--scopes",
        &scopes,
        "--write-per-second",
        "1000",
        "--read-per-second",
        "1000",
    ]);
    let own = std::mem::replace(&mut product.key, made["secret"].as_str().expect("a secret").to_owned());
    until("the key is known", async || {
        let me = product.get("/v2/api/me").await;
        (me.status == 200).then_some(())
    })
    .await;

    let document = product.raw("GET", "/openapi.json", &[], Vec::new()).await.json();
    let mut walked = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods
            .as_object()
            .expect("methods")
            .keys()
            .filter(|m| ["get", "post", "put", "patch", "delete"].contains(&m.as_str()))
        {
            let method = method.to_uppercase();
            let key = product.key.clone();
            let headers = [("Authorization", key.as_str()), ("Content-Type", "application/json")];
            let with_id = path.contains('{');
            let target = path
                .split('/')
                .map(|part| if part.starts_with('{') { id.as_str() } else { part })
                .collect::<Vec<_>>()
                .join("/");
            let body = if method == "GET" { Vec::new() } else { b"{}".to_vec() };
            let answer = product.raw(&method, &target, &headers, body).await;
            if with_id {
                // Allo's v1 says 400 of a contact that is not there; a phone's number is nobody's id.
                let of_v1 = answer.status == 400 && answer.code() == "CONTACT_NOT_FOUND";
                let no_number = answer.status == 400 && path.contains("{contact_number}");
                assert!(answer.status == 404 || of_v1 || no_number, "{method} {path}: {}", answer.text);
                walked += 1;
            }
            for secret in ["secret de la maison", id.as_str(), "33698765432"] {
                assert!(
                    !answer.text.contains(secret) || with_id && secret == id,
                    "{method} {path} shows {secret}"
                );
            }
        }
    }
    assert!(walked >= 2, "{walked} routes with ids");
    let listed = product.get("/v2/api/messages").await.json();
    assert_eq!(listed["pagination"]["total_count"], 0);
    for target in ["/v1/api/numbers", "/v2/api/numbers"] {
        assert_eq!(product.get(target).await.data(), json!([]), "{target}");
    }
    // Nor can it send with the other's sender, or find out that it exists.
    let refused = product.send("+33612345678", "Bonjour").await;
    assert_eq!((refused.status, refused.code().as_str()), (404, "SENDER_ID_NOT_FOUND"));
    product.key = own;
    assert_eq!(product.message(&id).await["status"], "delivered");
}
