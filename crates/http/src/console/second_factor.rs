//! The second factor: a code of six digits that an application makes from a shared secret and the time
//! (RFC 6238), or one of ten codes that replace it once each.

use askama::Template;
use askama::filters::Safe;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use facteur_domain::Redacted;
use facteur_gateway::Chance;
use qrcode::QrCode;
use qrcode::render::svg;
use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Builder, Totp};

use super::sign_in::{Way, known, open};
use super::{
    Access, Field, Fields, Flash, Page, Pages, ROOT, Trouble, Viewer, form::escaped, mend, render,
    viewer::next_page,
};
use crate::app::App;
use crate::sign_ins::{Origin, Secret};

/// What applications call us.
const ISSUER: &str = "Facteur";
/// Octets of a secret, as RFC 4226 advises.
const SECRET: usize = 20;
/// Codes that replace the second factor.
const RECOVERY_CODES: usize = 10;

pub(super) fn mount(pages: &mut Pages<'_>) {
    pages.add("/sign-in/code", Access::HalfWay, get(ask).post(check));
    pages.add("/account/second-factor", Access::SignedIn, get(enrol).post(enable));
    pages.add("/account/second-factor/remove", Access::SignedIn, get(ask_removal).post(remove));
    pages.add("/account/second-factor/codes", Access::SignedIn, post(new_codes));
}

fn totp(secret: &[u8]) -> Result<Totp, Trouble> {
    let builder =
        Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(1).with_step_duration(30);
    builder.with_secret(secret.to_vec()).build().map_err(Trouble::internal)
}

/// The step of a code, if it is right now or was or will be half a minute away.
fn step(secret: &[u8], code: &str, seconds: i64) -> Result<Option<i64>, Trouble> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let found = totp(secret)?.check(&digits, u64::try_from(seconds).unwrap_or(0));
    Ok(found.and_then(|step| i64::try_from(step).ok()))
}

#[derive(Template)]
#[template(path = "code.html")]
struct Ask {
    page: Page,
    next: String,
    code: Field,
}

impl Ask {
    fn new(viewer: &Viewer, fields: &Fields, wrong: Option<&str>) -> Self {
        let page = viewer.guest.page("account-code-title");
        let code = Field::new(&page, "code", "account-code")
            .autocomplete("one-time-code")
            .error(wrong.map(|key| page.t(key)));
        Self { next: next_page(fields.get("next")).unwrap_or_default(), code, page }
    }
}

async fn ask(viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    if viewer.session.verified {
        return Err(Trouble::Elsewhere(ROOT.to_owned()));
    }
    render(&Ask::new(&viewer, &fields, None))
}

async fn check(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    let (guest, email) = (&viewer.guest, viewer.user.email.clone());
    let origin = app.sign_ins.origin(&email, guest.mark.as_deref(), guest.ip);
    if !app.sign_ins.take(&email, Secret::Code, origin, guest.now) {
        return Err(Trouble::TooMany);
    }
    if !right(&app, &viewer, fields.get("code")).await? {
        return mend(&Ask::new(&viewer, &fields, Some("account-code-wrong")));
    }
    app.sign_ins.forgive(&email, Secret::Code, origin);
    // The token changes with what it opens.
    let replaces = Some(viewer.session.id);
    let way = Way { user: viewer.user.id, email: &email, verified: true, replaces };
    let (name, value) = open(&app, guest, way).await?;
    let next = next_page(fields.get("next")).unwrap_or_else(|| ROOT.to_owned());
    let mut response = guest.go(&next, None);
    response.headers_mut().append(name, value);
    let (name, value) = known(&app, guest, &email);
    response.headers_mut().append(name, value);
    Ok(response)
}

/// Whether a code of either kind is right, and not used before.
async fn right(app: &App, viewer: &Viewer, code: &str) -> Result<bool, Trouble> {
    let (store, user, now) = (app.gateway.store(), viewer.user.id, viewer.guest.now);
    let known = store.credentials(viewer.user.email.clone()).await?;
    let secret = known.and_then(|known| known.totp.into_inner());
    if let Some(step) = secret.map(|secret| step(&secret, code, now.seconds())).transpose()?.flatten() {
        return Ok(store.use_totp_step(user, step).await?);
    }
    Ok(store.use_recovery_code(user, recovery_hash(code), now, viewer.actor()).await?)
}

/// The hash of a recovery code, however it is typed.
fn recovery_hash(code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Sha256::digest(plain.to_ascii_lowercase().as_bytes()).into()
}

/// Fresh codes, as in `7k3m-9qwe-2rty` (60 bits each).
fn recovery_codes() -> Vec<String> {
    const LETTERS: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz7";
    let code = || {
        let octets: [u8; 12] = Chance.octets();
        let letters: Vec<char> =
            octets.iter().map(|octet| char::from(LETTERS[usize::from(octet & 31)])).collect();
        letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct Enrol {
    page: Page,
    /// In base 32, for those who type it.
    secret: String,
    grouped: String,
    picture: Safe<String>,
    code: Field,
    /// Whether there is a password to show.
    asks: bool,
    password: Field,
}

/// What is wrong with the form.
#[derive(Clone, Copy, Default)]
struct EnrolWrong {
    code: Option<&'static str>,
    password: Option<&'static str>,
}

impl Enrol {
    fn new(viewer: &Viewer, secret: &[u8], wrong: EnrolWrong) -> Result<Self, Trouble> {
        let page = viewer.page("account-totp-enrol");
        let text = base32(secret);
        let account = escaped(&viewer.user.email);
        let url = format!("otpauth://totp/{ISSUER}:{account}?secret={text}&issuer={ISSUER}");
        let picture = QrCode::new(url.as_bytes()).map_err(Trouble::internal)?;
        let picture = picture
            .render::<svg::Color<'_>>()
            .min_dimensions(220, 220)
            .dark_color(svg::Color("#000"))
            .light_color(svg::Color("#fff"))
            .build();
        let picture = picture.split_once("?>").map_or(picture.clone(), |(_, svg)| svg.to_owned());
        let letters: Vec<char> = text.chars().collect();
        Ok(Self {
            code: Field::new(&page, "code", "account-totp-code")
                .autocomplete("one-time-code")
                .error(wrong.code.map(|key| page.t(key))),
            asks: viewer.user.has_password,
            password: password(&page, wrong.password),
            grouped: letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" "),
            secret: text,
            picture: Safe(picture),
            page,
        })
    }
}

async fn enrol(viewer: Viewer) -> Result<Response, Trouble> {
    if viewer.user.has_totp {
        return Err(Trouble::Elsewhere(format!("{ROOT}/account")));
    }
    render(&Enrol::new(&viewer, &Chance.octets::<SECRET>(), EnrolWrong::default())?)
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct Codes {
    page: Page,
    codes: Vec<String>,
}

/// The form brings the secret that its page showed: it is nobody's until a code proves that the viewer's
/// application has it. The password proves that it is the viewer, and not who found their browser open; whoever
/// else is in is out.
async fn enable(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    if viewer.user.has_totp {
        return Err(Trouble::Elsewhere(format!("{ROOT}/account")));
    }
    let secret =
        unbase32(fields.get("secret")).filter(|secret| secret.len() == SECRET).ok_or(Trouble::Malformed)?;
    let now = viewer.guest.now;
    if !confirmed(&app, &viewer, fields.raw("password")).await? {
        let wrong = EnrolWrong { password: Some("account-password-wrong"), ..EnrolWrong::default() };
        return mend(&Enrol::new(&viewer, &secret, wrong)?);
    }
    let Some(step) = step(&secret, fields.get("code"), now.seconds())? else {
        let wrong = EnrolWrong { code: Some("account-code-wrong"), ..EnrolWrong::default() };
        return mend(&Enrol::new(&viewer, &secret, wrong)?);
    };
    let codes = recovery_codes();
    let hashes = codes.iter().map(|code| recovery_hash(code)).collect();
    let (store, user) = (app.gateway.store(), viewer.user.id);
    store.set_totp(user, Redacted::new(Some(secret)), hashes, now, viewer.actor()).await?;
    store.use_totp_step(user, step).await?;
    store.end_other_sessions(user, viewer.session.id, now, viewer.actor()).await?;
    render(&Codes { page: viewer.page("account-recovery"), codes })
}

/// The field for a password that is shown once more.
fn password(page: &Page, wrong: Option<&str>) -> Field {
    Field::new(page, "password", "account-password")
        .of("password")
        .autocomplete("current-password")
        .error(wrong.map(|key| page.t(key)))
}

#[derive(Template)]
#[template(path = "second_factor_remove.html")]
struct Removal {
    page: Page,
    /// Whether there is a password to show.
    asks: bool,
    password: Field,
}

impl Removal {
    fn new(viewer: &Viewer, wrong: Option<&str>) -> Self {
        let page = viewer.page("account-totp-remove");
        Self { password: password(&page, wrong), asks: viewer.user.has_password, page }
    }
}

async fn ask_removal(viewer: Viewer) -> Result<Response, Trouble> {
    render(&Removal::new(&viewer, None))
}

async fn remove(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    if !confirmed(&app, &viewer, fields.raw("password")).await? {
        return mend(&Removal::new(&viewer, Some("account-password-wrong")));
    }
    let (store, now) = (app.gateway.store(), viewer.guest.now);
    store.set_totp(viewer.user.id, Redacted::new(None), Vec::new(), now, viewer.actor()).await?;
    Ok(viewer.go(&format!("{ROOT}/account"), Flash::done("account-totp-removed", "")))
}

async fn new_codes(State(app): State<App>, viewer: Viewer, fields: Fields) -> Result<Response, Trouble> {
    if !confirmed(&app, &viewer, fields.raw("password")).await? {
        let to = format!("{ROOT}/account");
        return Ok(viewer.go(&to, Flash::failed("account-password-wrong", "")));
    }
    let (store, now) = (app.gateway.store(), viewer.guest.now);
    let known = store.credentials(viewer.user.email.clone()).await?;
    let secret = known.and_then(|known| known.totp.into_inner()).ok_or(Trouble::NotFound)?;
    let codes = recovery_codes();
    let hashes = codes.iter().map(|code| recovery_hash(code)).collect();
    store.set_totp(viewer.user.id, Redacted::new(Some(secret)), hashes, now, viewer.actor()).await?;
    render(&Codes { page: viewer.page("account-recovery"), codes })
}

/// Whether the viewer shows their password once more, as often in a session as a sign-in may be tried. Who has chosen none
/// yet has nothing to show.
pub(super) async fn confirmed(app: &App, viewer: &Viewer, password: &str) -> Result<bool, Trouble> {
    if !viewer.user.has_password {
        return Ok(true);
    }
    let (email, guest) = (&viewer.user.email, &viewer.guest);
    let origin = Origin::Known(viewer.session.id.key().cast_unsigned());
    if !app.sign_ins.take(email, Secret::Password, origin, guest.now) {
        return Err(Trouble::TooMany);
    }
    let known = app.gateway.store().credentials(email.clone()).await?;
    let right = app.passwords.verify(password, known.and_then(|known| known.password.into_inner())).await?;
    if right {
        app.sign_ins.forgive(email, Secret::Password, origin);
    }
    Ok(right)
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// RFC 4648 without padding, as `otpauth:` wants it.
fn base32(octets: &[u8]) -> String {
    let (mut text, mut held, mut bits) = (String::new(), 0u32, 0u32);
    for octet in octets {
        held = held << 8 | u32::from(*octet);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[usize::try_from(held >> bits & 31).unwrap_or(0)]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(BASE32[usize::try_from(held << (5 - bits) & 31).unwrap_or(0)]));
    }
    text
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut octets, mut held, mut bits) = (Vec::new(), 0u32, 0u32);
    for byte in text.bytes() {
        let value = BASE32.iter().position(|letter| *letter == byte)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            octets.push(u8::try_from(held >> bits & 0xFF).ok()?);
        }
        held &= (1 << bits) - 1;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, SHA-1: eight digits 94287082 at 59 s; an application shows the last six.
        let secret = b"12345678901234567890";
        assert_eq!(step(secret, "287082", 59).expect("a secret"), Some(1));
        assert_eq!(step(secret, "287 082", 89).expect("a secret"), Some(1), "half a minute late");
        assert_eq!(step(secret, "287082", 120).expect("a secret"), None);
        assert_eq!(step(secret, "081804", 1_111_111_109).expect("a secret"), Some(37_037_036));
        for wrong in ["", "28708", "2870821", "abcdef", "２８７０８２"] {
            assert_eq!(step(secret, wrong, 59).expect("a secret"), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_written_in_base_32() {
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        assert_eq!(unbase32("MZXW6YTBOI").as_deref(), Some(b"foobar".as_slice()));
        assert_eq!(unbase32("MZXW1"), None);
        let secret: [u8; SECRET] = Chance.octets();
        assert_eq!(unbase32(&base32(&secret)).as_deref(), Some(secret.as_slice()));
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let codes = recovery_codes();
        assert_eq!(codes.len(), 10);
        let typed = codes[0].replace('-', " ").to_uppercase();
        assert_eq!(recovery_hash(&typed), recovery_hash(&codes[0]));
        assert_ne!(recovery_hash(&codes[0]), recovery_hash(&codes[1]));
    }
}
