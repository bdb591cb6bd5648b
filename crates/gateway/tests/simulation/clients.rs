//! The clients: they send, ask again under the same key when no answer came, and cancel.

use std::time::Duration;

use facteur_domain::{Basis, Class, MessageId, Timestamp, WorkspaceId};
use facteur_gateway::{
    Caller, Code, Compliance, ConsentOffer, Gateway, IdempotencyKey, Origin, Reply, SendRequest, StoredAnswer,
};

use crate::world::{Asked, Kind, Note, Shared};

/// Phones: few, so that messages meet.
const PHONES: u64 = 6;
const FIRST_PHONE: u64 = 33_612_345_600;

/// One client, for as long as the life lasts.
pub(crate) async fn client(world: Shared, gateway: Gateway, caller: Caller, workspace: WorkspaceId) {
    loop {
        let wait = world.lock().random.below(600);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let Some(token) = next(&world) else { return };
        ask(&world, &gateway, &caller, workspace, token).await;
        world.lock().asked.get_mut(&token).expect("asked").busy = false;
    }
}

/// A request that has no answer yet, or a new one; nothing when all is calm and answered.
fn next(shared: &Shared) -> Option<u64> {
    let mut world = shared.lock();
    let open = |asked: &Asked| {
        let settled = asked.accepted.is_some() && (asked.kind != Kind::Cancelled || asked.cancelled);
        !asked.busy && !asked.refused && !settled
    };
    let again = world.asked.iter().find(|(_, asked)| open(asked)).map(|(token, _)| *token);
    if let Some(token) = again
        && (world.calm || world.random.permille(500))
    {
        world.asked.get_mut(&token)?.busy = true;
        return Some(token);
    }
    if world.calm {
        return None;
    }
    let token = world.asked.len() as u64 + 1;
    let kind = match world.random.below(10) {
        0 | 1 => Kind::Plain,
        2 => Kind::Long,
        3 => Kind::Otp,
        4 => Kind::Alert,
        5..=7 => Kind::Marketing,
        8 => Kind::Later,
        _ => Kind::Cancelled,
    };
    let ahead = match kind {
        Kind::Later => Some(1 + world.random.below(8)),
        Kind::Cancelled => Some(3_600),
        _ => None,
    };
    let send_at = ahead.map(|seconds| world.wall().plus(Duration::from_secs(seconds)));
    let phone = FIRST_PHONE + world.random.below(PHONES);
    let asked = Asked { kind, phone, send_at, accepted: None, refused: false, cancelled: false, busy: true };
    world.asked.insert(token, asked);
    Some(token)
}

async fn ask(shared: &Shared, gateway: &Gateway, caller: &Caller, workspace: WorkspaceId, token: u64) {
    let asked = shared.lock().asked[&token].clone();
    let id = match asked.accepted {
        Some(id) => id,
        None => {
            let answer = |message: &facteur_domain::Message| StoredAnswer {
                status: 200,
                body: message.id.to_string().into_bytes().into(),
            };
            let request = request(token, &asked, shared.lock().wall());
            let done = gateway.accept(caller, request, answer).await;
            let mut world = shared.lock();
            let answer = match done {
                Ok(Reply::New(answer) | Reply::Replayed(answer)) => answer,
                Err(refusal) => {
                    world.tell(format_args!("#{token} {:?}: {:?}", asked.kind, refusal.code));
                    let asked = world.asked.get_mut(&token).expect("asked");
                    asked.refused = refusal.code == Code::MessageNotCompliant;
                    assert!(
                        asked.refused || refusal.code == Code::ServiceUnavailable,
                        "#{token}: {refusal:?}"
                    );
                    return;
                }
            };
            let id: MessageId = std::str::from_utf8(&answer.body).expect("text").parse().expect("an id");
            world.tell(format_args!("#{token} {:?} to {} is accepted as {id}", asked.kind, asked.phone));
            world.asked.get_mut(&token).expect("asked").accepted = Some(id);
            id
        }
    };
    if asked.kind != Kind::Cancelled {
        return;
    }
    let done = gateway.cancel(workspace, id, facteur_store::Actor::named("ana")).await;
    let mut world = shared.lock();
    match done {
        Ok(_) => {
            world.tell(format_args!("#{token} is cancelled"));
            world.asked.get_mut(&token).expect("asked").cancelled = true;
        }
        // Its first answer may have been lost: then it is cancelled already.
        Err(refusal) if refusal.code == Code::MessageNotCancellable => {
            world.asked.get_mut(&token).expect("asked").cancelled = true;
        }
        Err(refusal) => assert_eq!(refusal.code, Code::ServiceUnavailable, "#{token}: {refusal:?}"),
    }
}

fn request(token: u64, asked: &Asked, now: Timestamp) -> SendRequest {
    let consent = (asked.kind == Kind::Marketing).then(|| ConsentOffer {
        basis: Basis::Consent,
        advertiser: None,
        purpose: "offres".to_owned(),
        collected_at: now.minus(Duration::from_hours(24)),
        source: "formulaire".to_owned(),
        text_shown: "J'accepte.".to_owned(),
        evidence: None,
        professional: false,
    });
    // Each part tells whose it is.
    let long =
        if asked.kind == Kind::Long { format!("{}#{token}", "Bonjour. ".repeat(18)) } else { String::new() };
    let mut fingerprint = [0; 32];
    fingerprint[..8].copy_from_slice(&token.to_le_bytes());
    SendRequest {
        origin: Origin::SenderId("MyCompany".to_owned()),
        to: format!("+{}", asked.phone),
        message: format!("#{token} Bonjour {long}"),
        class: match asked.kind {
            Kind::Otp => Some(Class::Otp),
            Kind::Alert => Some(Class::Alert),
            Kind::Marketing => Some(Class::Marketing),
            Kind::Plain | Kind::Long | Kind::Later | Kind::Cancelled => None,
        },
        client_reference: Some(token.to_string()),
        send_at: asked.send_at,
        validity_minutes: None,
        idempotency: Some(IdempotencyKey {
            key: format!("token-{token}"),
            route: "POST /v1/api/sms",
            fingerprint,
        }),
        compliance: Compliance { consent, ..Compliance::default() },
        resend_of: None,
        trace: None,
    }
}

/// Phones that say STOP now and then.
pub(crate) async fn phones(world: Shared) {
    loop {
        let wait = 2_000 + world.lock().random.below(8_000);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let mut world = world.lock();
        if world.calm {
            return;
        }
        let phone = FIRST_PHONE + world.random.below(PHONES);
        world.tell(format_args!("{phone} says STOP"));
        world.schedule(Note::Stop { phone }, Duration::from_millis(1));
    }
}

/// Somebody corrects the clock now and then.
pub(crate) async fn watchmaker(world: Shared) {
    loop {
        tokio::time::sleep(Duration::from_secs(4)).await;
        let mut world = world.lock();
        let jumps = world.plan.clock_jumps;
        if world.strikes(jumps) {
            let by = i64::try_from(world.random.below(20_000)).expect("small") - 10_000;
            let clock = world.clock.clone().expect("in a life");
            clock.jump(by);
            world.jumped += by;
            world.last_jump = Some(world.now());
            world.tell(format_args!("the clock jumps by {by} ms"));
        }
    }
}
