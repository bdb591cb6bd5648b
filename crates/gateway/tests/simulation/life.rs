//! A world from its beginning to its end: lives of the gateway, one after another over one disk.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use facteur_domain::{
    AccountKeyId, Class, Redacted, SenderRecordId, SenderState, State, Timestamp, WorkspaceId,
};
use facteur_gateway::{Config, Gateway, Link, RouteConfig, SendingRules, UnknownPolicy, mint_key};
use facteur_smpp::session::Limits;
use facteur_store::{Actor, ApiKey, Options, Page, SenderRecord, Store, Workspace};
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

use crate::disk::{self, Slot};
use crate::operator::Network;
use crate::world::{End, Kind, Shared, World};
use crate::{check, clients};

const WORKSPACE: WorkspaceId = WorkspaceId::from_key(16);
const SECRET: &str = "ak_live_simulation";
/// How long a life may last; most end by a crash before.
const LIFE_MAX_MS: u64 = 15_000;
/// How long the last life may take to bring everything to its end.
const PEACE: Duration = Duration::from_secs(1_800);

/// How a life ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Death {
    Killed,
    Orderly,
    Old,
}

/// Where databases stand: in memory where that is possible, for thousands of seeds.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// A database with a workspace, a key and a sender, made once.
fn template() -> &'static (TempDir, PathBuf) {
    static TEMPLATE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = scratch();
        let path = folder.path().join("facteur.db");
        let store = Store::open(Options::new(&path), Box::new(|_| {})).expect("opens");
        furnish(&store);
        store.close().wait().expect("closes");
        (folder, path)
    })
}

fn furnish(store: &Store) {
    let (at, actor) = (Timestamp::from_millis(1_780_000_000_000), || Actor::named("test"));
    let workspace = Workspace { id: WORKSPACE, name: "Acme".to_owned(), created_at: at };
    store.create_workspace(workspace, actor()).wait().expect("made");
    let minted = mint_key(facteur_gateway::Chance, false, Some(SECRET));
    let key = ApiKey {
        id: AccountKeyId::from_key(32),
        workspace: WORKSPACE,
        label: "test".to_owned(),
        visible: minted.visible,
        hash: minted.hash,
        scopes: vec!["SMS_SEND".to_owned()],
        test: false,
        read_per_second: 1_000,
        write_per_second: 1_000,
        daily_quota: None,
        created_at: at,
        revoked_at: None,
    };
    store.create_key(key, actor()).wait().expect("made");
    let record = SenderRecord {
        id: SenderRecordId::from_key(48),
        workspace: WORKSPACE,
        sender: "MyCompany".parse().expect("valid"),
        class: Class::Transactional,
        state: SenderState::Pending,
        reason: None,
        decided_by: "test".to_owned(),
        created_at: at,
        decided_at: at,
        dossier: facteur_store::Dossier::default(),
    };
    let sender = record.sender;
    store.declare_sender(record, actor()).wait().expect("declared");
    store
        .decide_sender(WORKSPACE, sender, SenderState::Validated, None, at, actor())
        .wait()
        .expect("validated");
}

fn config(world: &World) -> Config {
    let plan = &world.plan;
    let mut sending = SendingRules {
        settle_wait: Duration::from_secs(3),
        receipt_wait: Duration::from_secs(120),
        attempts_max: 50,
        stop_code: "36180".parse().ok(),
        ..SendingRules::default()
    };
    for (class, policy) in &mut sending.classes.unknown {
        match class {
            Class::Alert => *policy = UnknownPolicy::Leave,
            Class::Marketing if plan.marketing_is_resent => *policy = UnknownPolicy::Resend,
            _ => {}
        }
    }
    let route = RouteConfig {
        name: "sim".to_owned(),
        address: "operator:2775".to_owned(),
        system_id: "facteur".to_owned(),
        password: Redacted::new("secret".to_owned()),
        system_type: String::new(),
        link: Link::Transceiver,
        binds: 1 + u16::try_from(world.seed % 2).expect("small"),
        limits: Limits {
            window: plan.window,
            response_timeout: Duration::from_secs(3),
            enquire_link: Duration::from_secs(4),
            bind_timeout: Duration::from_secs(2),
            ..Limits::default()
        },
        per_second: plan.per_second,
        tls: None,
        rebind_max: Duration::from_secs(2),
        sandbox: false,
        cost: 0,
        opt_out_errors: Vec::new(),
        throttle_errors: Vec::new(),
    };
    Config { routes: vec![route], sending, ..Config::default() }
}

/// Runs a seed to its end.
pub(crate) fn whole(seed: u64) -> World {
    let world = Shared::new(seed);
    let base = scratch();
    let mut disk = base.path().join("0");
    std::fs::create_dir(&disk).expect("a folder");
    std::fs::copy(&template().1, disk.join("facteur.db")).expect("copied");
    let lives = world.lock().plan.lives;
    for life in 0..lives {
        let last = life + 1 == lives;
        world.lock().calm = last;
        let death = live(&world, &disk, last);
        let mut books = world.lock();
        if death != Death::Orderly {
            books.crashes += 1;
        }
        let torn = books.plan.torn_log;
        let torn = (!last && books.random.permille(torn)).then(|| books.random.below(u64::from(u32::MAX)));
        drop(books);
        let next = base.path().join((life + 1).to_string());
        disk::image(&disk, &next, torn);
        std::fs::remove_dir_all(&disk).expect("removed");
        disk = next;
    }
    let sound = check::integrity(&disk.join("facteur.db"));
    let mut books = world.lock();
    books.sound = sound;
    drop(books);
    world.into_world()
}

/// One life of the gateway. Everything of it is gone when this returns.
fn live(world: &Shared, disk: &Path, last: bool) -> Death {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let slot: Slot = Rc::new(RefCell::new(None));
    let death = runtime.block_on(async {
        let tasks = TaskTracker::new();
        let death = tokio::select! {
            biased;
            () = disk::work(world.clone(), slot.clone()) => Death::Killed,
            death = serve(world, disk, slot.clone(), tasks, last) => death,
        };
        let mut world = world.lock();
        world.tell(format_args!("the life ends: {death:?}"));
        world.end();
        death
    });
    // As a process that dies: no task takes another step, and nothing is closed. What SQLite does when its
    // connections go is done to files that nobody reads again: the next life has an image of them.
    let image = disk.with_extension("image");
    disk::image(disk, &image, None);
    drop(runtime);
    slot.borrow_mut().take();
    std::fs::remove_dir_all(disk).expect("removed");
    std::fs::rename(&image, disk).expect("renamed");
    death
}

async fn serve(world: &Shared, disk: &Path, slot: Slot, tasks: TaskTracker, last: bool) -> Death {
    let (clock, config) = {
        let mut world = world.lock();
        let clock = world.begin();
        world.tell("the gateway starts");
        (clock, config(&world))
    };
    let options = Options {
        wal_pages: 200,
        late_receipts: Duration::from_hours(1),
        ..Options::new(disk.join("facteur.db"))
    };
    let network = Arc::new(Network { world: world.clone(), tasks: tasks.clone() });
    let hold = slot.clone();
    let gateway = loop {
        let (options, hold) = (options.clone(), hold.clone());
        let started = Gateway::start_in(config.clone(), clock.clone(), network.clone(), move |sink| {
            let (store, hand) = Store::open_by_hand(options, sink)?;
            *hold.borrow_mut() = Some(hand);
            Ok(store)
        });
        match Box::pin(started).await {
            Ok(gateway) => break gateway,
            // A disk that refuses at the start: whoever runs it starts it again.
            Err(why) => world.lock().tell(format_args!("it does not start: {why}")),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let caller = gateway.authenticate(SECRET).expect("the key");
    let mut working = Vec::new();
    for _ in 0..world.lock().plan.clients {
        working.push(tasks.spawn(clients::client(world.clone(), gateway.clone(), caller.clone(), WORKSPACE)));
    }
    tasks.spawn(clients::phones(world.clone()));
    tasks.spawn(clients::watchmaker(world.clone()));
    if last {
        for client in working {
            client.await.expect("a client goes home");
        }
        peace(world, &gateway).await;
        return Death::Orderly;
    }
    let (span, orderly) = {
        let mut world = world.lock();
        let orderly = world.plan.orderly_end;
        (Duration::from_millis(world.random.below(LIFE_MAX_MS)), world.random.permille(orderly))
    };
    tokio::time::sleep(span).await;
    if orderly {
        world.lock().tell("it is asked to stop");
        for client in working {
            client.abort();
        }
        gateway.shut_down(Duration::from_secs(5)).await;
        return Death::Orderly;
    }
    Death::Old
}

/// Waits until everything has come to its end, and writes down how.
async fn peace(world: &Shared, gateway: &Gateway) {
    let store = gateway.store();
    let accepted: Vec<_> = {
        let world = world.lock();
        world.asked.iter().filter_map(|(token, asked)| Some((*token, asked.kind, asked.accepted?))).collect()
    };
    let end = world.lock().now() + PEACE;
    // Late receipts come within seconds; what is settled by then stays so.
    tokio::time::sleep(Duration::from_secs(10)).await;
    loop {
        let mut open = 0;
        for (token, kind, id) in &accepted {
            if world.lock().ends.contains_key(token) {
                continue;
            }
            let stored = store.message(WORKSPACE, *id).await.expect("readable");
            let Some(stored) = stored else { panic!("#{token} was accepted as {id} and is not there") };
            let at_rest = match stored.state {
                State::Unknown => store
                    .story(WORKSPACE, *id)
                    .await
                    .expect("readable")
                    .iter()
                    .any(|step| step.what == "left" || step.what == "receipt_overdue"),
                // Held until Monday, or for a night.
                State::Scheduled => {
                    let wall = world.lock().wall();
                    *kind == Kind::Marketing
                        && !check::is_open(wall)
                        && !check::is_open(wall.plus(Duration::from_hours(1)))
                }
                state => state.is_final(),
            };
            if at_rest {
                let story = store.story(WORKSPACE, *id).await.expect("readable");
                let verdict = store.verdicts(WORKSPACE, *id).await.expect("readable");
                let end = End { stored, story, verdict: verdict.0.is_some() };
                world.lock().ends.insert(*token, end);
            } else {
                open += 1;
            }
        }
        if open == 0 || world.lock().now() > end {
            break;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let phones: Vec<u64> = world.lock().stops.keys().copied().collect();
    for phone in phones {
        let number = facteur_domain::Msisdn::from_digits(phone);
        let found = store.opt_outs(WORKSPACE, number, Page { page: 1, size: 10 }).await.expect("readable");
        let in_force = found.rows.iter().any(|opt_out| opt_out.lifted.is_none());
        world.lock().stops_in_force.insert(phone, in_force);
    }
}
