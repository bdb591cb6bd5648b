//! The conformance suite on SQLite.

mod conformance;

use std::path::Path;

use facteur_store::{AcceptedSink, Options, Store};

fn open(folder: &Path, sink: AcceptedSink) -> Store {
    let options = Options { cache_kib: 4096, finals_max: 64, ..Options::new(folder.join("facteur.db")) };
    Store::open(options, sink).expect("opens")
}

macro_rules! run {
    ($($module:ident::{$($case:ident,)*})*) => {$(
        mod $module {
            $(
                #[tokio::test]
                async fn $case() {
                    let mut world = crate::conformance::World::new(crate::open).await;
                    crate::conformance::$module::$case(&mut world).await;
                }
            )*
        }
    )*};
}

conformance::cases!(run);
