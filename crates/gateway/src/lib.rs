//! The journey of a message: accept, wait, choose a route, ask the rules, send, hear back, tell
//! the customer.
//!
//! The room owns every task, every socket to an operator, and the clock. It knows how a message
//! travels, not who asked over HTTP or how it is drawn.

mod accept;
mod anew;
mod backlog;
mod clock;
mod compliance;
mod config;
mod directory;
mod dispatch;
mod door;
mod eta;
mod gate;
mod gateway;
mod health;
mod hours;
mod inbound;
mod link;
mod meters;
mod metrics;
mod news;
mod outcome;
mod pace;
mod platform;
mod preview;
mod quota;
mod rate;
mod refusal;
mod route;
mod schedule;
mod sender_desk;
mod shared;
mod start;
mod sweep;
mod token;
mod trace;
mod two_way;
mod webhook;

pub use accept::{Compliance, IdempotencyKey, Origin, Reply, SendRequest};
pub use anew::may_send_anew;
pub use clock::{Chance, Clock};
pub use compliance::ConsentOffer;
pub use config::{
    ClassPolicies, Config, Link, Retention, RouteConfig, SendingRules, TlsConfig, UnknownPolicy,
};
pub use directory::{Caller, KeyProblem, NewKey, Scope, mint_key};
pub use door::{BATCH_MAX, ListReply};
pub use facteur_rules::{DayPlan, TerritoryPlan, keyword_form};
pub use facteur_store::StoredAnswer;
pub use gateway::{BindReport, Eta, Gateway, QueueReport, Readiness, RouteReport, ShutdownReport};
pub use link::{Dial, Dialling, Stream};
pub use news::{Glimpse, NewsFeed};
pub use platform::{RouteHealth, RuleGround, RulePack};
pub use preview::{Judgement, PREVIEW_MAX, Preview, PreviewReason};
pub use refusal::{Code, Detail, Refusal};
pub use sender_desk::{Review, SenderDeclaration};
pub use start::StartError;
pub use token::{NewToken, mint_token, token_hash};
pub use trace::{NoTrace, Span, TraceContext};
pub use two_way::{KEYWORD_WORD_MAX, KEYWORD_WORDS_MAX, KeywordDraft, ReplyRules, ReplyTrial, WordProblem};
pub use webhook::{UrlProblem, WebhookRules, show_secret};
