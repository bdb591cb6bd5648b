//! A browser before a running product.

use std::io::{BufRead as _, BufReader};
use std::mem::ManuallyDrop;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;

use crate::common::{Product, until};

/// What a browser is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// The language that it asks for: `fr` or `en`.
    pub(crate) lang: &'static str,
    /// How wide it is, in pixels.
    pub(crate) width: u32,
    pub(crate) dark: bool,
}

impl Look {
    pub(crate) const FRENCH: Self = Self { lang: "fr", width: 1280, dark: false };
}

/// A browser with a profile of its own; gone when dropped.
pub(crate) struct Browser {
    /// Never dropped: it would wait for a chromedriver that is gone.
    pub(crate) driver: ManuallyDrop<WebDriver>,
    /// Where the product is.
    pub(crate) origin: String,
    chromedriver: Child,
    look: Look,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium is in the group of the process that drives it.
        let group = format!("-{}", self.chromedriver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.chromedriver.wait();
    }
}

/// What the ready file of a product says.
pub(crate) fn ready(product: &Product) -> Value {
    let file = std::fs::read(product.folder.path().join("ready.json")).expect("a ready file");
    serde_json::from_slice(&file).expect("JSON")
}

impl Browser {
    /// A browser that has not been anywhere.
    pub(crate) async fn open(product: &Product, look: Look) -> Self {
        let (chromedriver, port) = chromedriver();
        let profile = tempfile::tempdir().expect("a folder");
        let mut wishes = DesiredCapabilities::chrome();
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
        ] {
            wishes.add_arg(argument).expect("an argument");
        }
        for argument in
            [format!("--user-data-dir={}", profile.path().display()), format!("--lang={}", look.lang)]
        {
            wishes.add_arg(&argument).expect("an argument");
        }
        wishes
            .add_experimental_option("prefs", json!({"intl.accept_languages": look.lang}))
            .expect("an option");
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wishes).await.expect("a browser");
        let driver = ManuallyDrop::new(driver);
        let origin = product.api.clone();
        let browser = Self { driver, origin, chromedriver, look, _profile: profile };
        browser.size(900).await;
        browser.darken(look.dark).await;
        browser
    }

    /// Asks for dark pages from now on, or for light ones.
    pub(crate) async fn darken(&self, dark: bool) {
        let scheme = json!([{"name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" }}]);
        self.tell("Emulation.setEmulatedMedia", json!({"features": scheme})).await;
    }

    /// Is like this from now on. The pages speak its language, as long as the person has chosen none.
    pub(crate) async fn become_like(&mut self, look: Look) {
        self.look = look;
        self.tell("Network.enable", json!({})).await;
        let headers = json!({"headers": {"Accept-Language": look.lang}});
        self.tell("Network.setExtraHTTPHeaders", headers).await;
        self.size(900).await;
        self.darken(look.dark).await;
    }

    /// A browser whose person has signed in by the link that the product printed. A link works once: a
    /// second one is asked for by [`Browser::sign_in_by`].
    pub(crate) async fn signed_in(product: &Product, look: Look) -> Self {
        let browser = Self::open(product, look).await;
        let link = ready(product)["console"].as_str().expect("a link").to_owned();
        browser.sign_in_by(&link).await;
        browser
    }

    /// Follows a one-time link and presses its button.
    pub(crate) async fn sign_in_by(&self, link: &str) {
        self.driver.goto(link).await.expect("a page");
        self.press("main button").await;
        self.see("nav a[aria-current='page'], .empty, .page-head").await;
    }

    async fn tell(&self, command: &str, how: Value) {
        self.driver.cdp().send_raw(command, how).await.expect("the browser does it");
    }

    async fn size(&self, height: u32) {
        let mobile = self.look.width < 600;
        let size =
            json!({"width": self.look.width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.tell("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Goes to a page of the product.
    pub(crate) async fn goto(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.origin)).await.expect("a page");
    }

    /// The path of the page that is shown.
    pub(crate) async fn path(&self) -> String {
        let url = self.driver.current_url().await.expect("an address");
        url.path().to_owned()
    }

    /// Waits until there is such an element, and answers it.
    pub(crate) async fn see(&self, css: &str) -> WebElement {
        until(&format!("{css} on the page"), async || self.driver.find(By::Css(css)).await.ok()).await
    }

    /// Waits until an element says this.
    pub(crate) async fn see_text(&self, css: &str, text: &str) {
        until(&format!("{text:?} in {css}"), async || {
            let found = self.driver.find(By::Css(css)).await.ok()?;
            found.text().await.ok().filter(|shown| shown.contains(text))
        })
        .await;
    }

    /// Presses a button or follows a link.
    pub(crate) async fn press(&self, css: &str) {
        // A part that is brought up to date may be replaced between the look and the press.
        until(&format!("{css} pressed"), async || {
            self.driver.find(By::Css(css)).await.ok()?.click().await.ok()
        })
        .await;
    }

    /// Fills in a field in place of what stands in it.
    pub(crate) async fn fill(&self, name: &str, text: &str) {
        let field = self.see(&format!("[name='{name}']")).await;
        field.clear().await.expect("it can be emptied");
        field.send_keys(text).await.expect("it can be typed in");
    }

    /// Writes a picture of what a window of 800 pixels shows.
    pub(crate) async fn window(&self, to: &Path) {
        self.size(800).await;
        self.driver.screenshot(to).await.expect("a picture");
    }

    /// Writes a picture of the whole page.
    pub(crate) async fn picture(&self, to: &Path) {
        const TALL_MAX: u64 = 3_000;
        self.size(900).await;
        let tall = self.driver.execute("return document.documentElement.scrollHeight", vec![]).await;
        let tall = tall.expect("a height").json().as_u64().unwrap_or(900).clamp(640, TALL_MAX);
        self.size(u32::try_from(tall).expect("bounded")).await;
        self.driver.screenshot(to).await.expect("a picture");
    }

    /// Whether the page is wider than the window.
    pub(crate) async fn overflows(&self) -> bool {
        let script = "return document.documentElement.scrollWidth > window.innerWidth";
        self.driver.execute(script, vec![]).await.expect("an answer").json().as_bool().unwrap_or(true)
    }
}

/// A chromedriver on a free port.
fn chromedriver() -> (Child, u16) {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("chromedriver is installed (Debian's chromium-driver)");
    let told = BufReader::new(child.stdout.take().expect("a pipe"));
    let port = told.lines().map_while(Result::ok).find_map(|line| {
        let (_, rest) = line.split_once("successfully on port ")?;
        rest.trim_end_matches('.').parse().ok()
    });
    (child, port.expect("chromedriver says its port"))
}
