//! Every component on one page, for whoever makes a page: `/console/components`. It is in no menu.

use askama::Template;
use axum::response::Response;
use axum::routing::{get, post};
use facteur_domain::Msisdn;
use facteur_store::PlatformRole;

use super::chart::{Chart, Series, Tone};
use super::confirm::Confirm;
use super::pager::Pager;
use super::{Access, Field, Fields, Page, Pages, Permission, Trouble, Viewer, render};

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.add("/components", Access::Platform(PlatformRole::Operator), get(show));
    pages.add("/components/live", Access::Platform(PlatformRole::Operator), post(live));
    pages.add("/components/confirm", Access::Platform(PlatformRole::Operator), get(confirm));
}

#[derive(Template)]
#[template(path = "components.html")]
struct Components {
    page: Page,
    fields: Vec<Field>,
    charts: Vec<Chart>,
    pager: Pager,
    phone: Option<Msisdn>,
}

impl Components {
    fn new(viewer: &Viewer, given: &Fields) -> Self {
        let page = viewer.page("common-components");
        let name = || Field::new(&page, "name", "account-name");
        let fields = vec![
            name().value(given.get("name")).live("/console/components/live").maximum(60),
            Field::new(&page, "zone", "account-zone").choice([("a", "A"), ("b", "B")]).value("b"),
            Field::new(&page, "text", "account-email").area(3).optional(),
            Field::new(&page, "wrong", "account-email").of("email").error(Some(page.t("account-wrong"))),
            Field::new(&page, "tick", "account-totp")
                .tick(given.has("tick") || given.all("tick").count() > 1),
        ];
        let labels: Vec<String> = (0..24).map(|hour| format!("{hour} h")).collect();
        let series = || {
            let of = |name: &str, tone: Tone, by: u64| Series {
                name: name.to_owned(),
                tone,
                values: (0..24).map(|hour| hour * by % 37).collect(),
            };
            vec![of("A", Tone::Good, 7), of("B <i>", Tone::Soft, 11), of("C", Tone::Bad, 3)]
        };
        let chart = |series| Chart::new(&page, "Chart".to_owned(), labels.clone(), series);
        let charts = vec![chart(series()), chart(Vec::new())];
        let pager = Pager::new(
            &page,
            Some("?a".to_owned()),
            Some("?b".to_owned()),
            page.t1("common-results", "count", 7usize),
        );
        Self { fields, charts, pager, phone: Msisdn::from_digits(33_639_980_001), page }
    }
}

async fn show(viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    render(&Components::new(&viewer, &fields))
}

#[derive(Template)]
#[template(source = "<p>{{ text }}</p>", ext = "html")]
struct Live {
    text: String,
}

async fn live(fields: Fields) -> Result<Response, Trouble> {
    render(&Live { text: fields.get("name").to_uppercase() })
}

async fn confirm(viewer: Viewer) -> Result<Response, Trouble> {
    render(&Confirm {
        page: viewer.page("common-error").titled("?"),
        what: "…".to_owned(),
        consequences: vec!["…".to_owned()],
        action: "/console/components/live".to_owned(),
        button: "…".to_owned(),
        back: "/console/components".to_owned(),
        hidden: vec![("name", "x".to_owned())],
        fields: Vec::new(),
    })
}
