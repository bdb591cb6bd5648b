//! A STOP and what follows from it, with the product killed in between.

use std::time::Duration;

use facteur_smsc::Options;
use serde_json::json;

use crate::common::{Far, Product, until};

const PHONE: &str = "+33612345678";
const CODE: &str = "36180";
const CONFIRMED: &str = "Démo: votre désinscription est prise en compte. Vous ne recevrez plus de SMS promotionnels de \
                         notre part.";

/// Requirement `fr-stop-confirmed`: before the STOP is on disk the operator still has it; afterwards all that
/// follows is on disk with it.
#[tokio::test]
async fn a_stop_is_confirmed_exactly_once_wherever_the_product_is_killed() {
    for point in ["store.receive.before", "store.receive.after", "store.depart.before"] {
        let far = Far::start(Options { offer_again: Duration::from_millis(200), ..Options::default() }).await;
        let mut product = Product::dev_with(&far).await;
        far.network.wait_until(|stats| stats.bound > 0).await;
        product.kill();
        far.network.wait_until(|stats| stats.bound == 0).await;
        product.set_out(Some(point));
        far.network.wait_until(|stats| stats.bound > 0).await;
        far.network.answer(PHONE, CODE, "Stop svp").expect("a phone");
        assert_eq!(product.dies().await, Some(9), "{point}");
        product.restart().await;
        far.shows(PHONE, CONFIRMED).await;
        far.network.wait_until(|stats| stats.replies_answered > 0).await;
        let stops = until("the STOP is listed", async || {
            let listed = product.get(&format!("/v2/api/opt_outs?number={}", PHONE.replace('+', "%2B"))).await;
            listed.json()["data"].as_array().filter(|rows| !rows.is_empty()).cloned()
        })
        .await;
        assert_eq!((stops.len(), &stops[0]["state"]), (1, &json!("confirmed")), "{point}");
        let consent = json!({"basis": "consent", "advertiser": "Démo", "purpose": "offres",
            "collected_at": "2026-01-05T10:00:00Z", "source": "form", "text_shown": "J'accepte"});
        let offer = json!({"sender_id": CODE, "to": PHONE, "message": "Soldes chez Démo", "class": "marketing",
            "consent": consent});
        let refused = product.post("/v1/api/sms", &offer, &[]).await;
        assert!(refused.text.contains("fr.optout.advertiser"), "{point}: {}", refused.text);
        assert_eq!(far.network.deliveries(PHONE, CONFIRMED), 1, "{point}");
        product.stop().await;
    }
}
