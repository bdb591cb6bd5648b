//! What the judge needs to know of a message.

use facteur_domain::{AutoReply, Class, Msisdn, Sender, SenderState, ShortCode, Timestamp};

/// The facts of one message, gathered by the caller. Not `Debug`: it holds a number and a text.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The instant the message would leave.
    pub at: Timestamp,
    /// What it is for, as declared; marketing when nobody declared it.
    pub class: Class,
    /// Who it is to.
    pub recipient: Msisdn,
    /// Who it is from.
    pub sender: Sender,
    /// Where the sender stands in its verification; `None` when the account does not have it.
    pub sender_state: Option<SenderState>,
    /// The text as it would leave.
    pub text: &'a str,
    /// How many SMS the text becomes, as [`facteur_domain::text::plan`] counts them.
    pub parts: u8,
    /// The most parts the workspace allows; never more than [`PARTS_HARD_MAX`](crate::PARTS_HARD_MAX)
    /// whatever is said here, nor than the pack's limit when there is a policy.
    pub parts_max: u8,
    /// Sent with a test key or in `dev`: Arcep's numbers for fiction are allowed.
    pub test: bool,
    /// Judged as it leaves (`true`), or as it is accepted or previewed (`false`).
    pub departing: bool,
    /// What it answers, when the product itself wrote it.
    pub auto_reply: Option<AutoReply>,
    /// What is known around the message. The default knows nothing: no rule that needs it speaks.
    pub circumstances: Circumstances<'a>,
}

/// What is known around a message. Each field that stays at its default keeps the rules that need it
/// silent; without a policy only recipient, sender state and length are judged.
#[derive(Clone, Copy, Default)]
pub struct Circumstances<'a> {
    /// The hours that apply. With a policy the class is raised where the text says so, and windows,
    /// short-code ranges, contents and the STOP mention are judged.
    pub policy: Option<Policy<'a>>,
    /// The recipient's postcode, when one is known: it tells Alsace-Moselle and overseas.
    pub postcode: Option<&'a str>,
    /// Whom the message is written to.
    pub audience: Audience,
    /// On what ground marketing may be sent to this recipient.
    pub grounds: Grounds,
    /// The STOPs of this recipient that cover the message.
    pub opt_outs: OptOuts,
    /// The short code that the STOP mention of this sender must name, when one is fixed.
    pub stop_code: Option<ShortCode>,
    /// What the reviewer has on file for the sender's name; `None` leaves the name unjudged.
    pub proof: Option<Proof>,
    /// The sender is a short code that several customers share.
    pub shared_code: bool,
    /// The message is about a contract in progress with the recipient.
    pub contract_in_progress: bool,
    /// The advertiser's name, which a text from a short code should show.
    pub brand: Option<&'a str>,
    /// Whether the recipient has written to this sender lately.
    pub session: Session,
}

/// Whether a person who wrote first may be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub enum Session {
    /// Nobody looked.
    #[default]
    NotJudged,
    /// The person wrote to this sender within [`SESSION`](crate::SESSION).
    Open,
    /// The person did not, or said STOP.
    Closed,
}

/// Whose hours apply: the platform's, and the workspace's within them. An unknown name means the
/// pack's default profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy<'a> {
    /// The profile that the platform allows at most.
    pub platform: &'a str,
    /// The profile that the workspace chose.
    pub workspace: &'a str,
}

impl Policy<'_> {
    /// The default of everyone who chose nothing (requirement `fr-profile-default`).
    pub const STRICT: Policy<'static> = Policy { platform: "strict", workspace: "strict" };
}

/// Whom a message is written to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub enum Audience {
    /// Nobody said: a consumer, as far as the rules go.
    #[default]
    Unknown,
    /// A consumer.
    Consumer,
    /// A professional, at a number declared as such.
    Professional {
        /// The sender declares that the subject relates to the person's work.
        relevant: bool,
    },
}

/// On what ground marketing may be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Grounds {
    /// Nobody looked: consent is not judged.
    #[default]
    NotJudged,
    /// The ledger has nothing for this recipient and advertiser.
    Missing,
    /// What was offered is a ground for another advertiser's marketing.
    OtherAdvertiser,
    /// The entry that the message would rely on.
    Entry(Consent),
}

/// An entry of the consent ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Consent {
    /// Why the recipient may be written to.
    pub basis: Basis,
    /// When it was collected.
    pub collected_at: Timestamp,
    /// The last time the person wrote, clicked or bought; an opened message is no contact.
    pub last_contact_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
    /// How, where and with which exact text it was collected are on record.
    pub proven: bool,
}

/// Why a recipient may be written to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Basis {
    /// The person agreed beforehand.
    Consent,
    /// The person bought something (CPCE L34-5 al. 4). All of it must be true.
    ExistingCustomer {
        /// The number was collected from the person at a sale or service; an account without a
        /// purchase, or a quote, is none.
        at_sale: bool,
        /// The message is about products or services like those supplied by the same company.
        similar: bool,
        /// The person could refuse at collection, free and simply.
        could_refuse: bool,
    },
    /// The person is written to for their work (legitimate interest).
    Professional {
        /// The person was told at collection and can object simply and free.
        informed: bool,
    },
}

impl Basis {
    /// A customer of whom all of it was declared when the entry was recorded.
    pub const CUSTOMER: Self = Self::ExistingCustomer { at_sale: true, similar: true, could_refuse: true };
    /// A professional who was told, as declared when the entry was recorded.
    pub const PROFESSIONAL: Self = Self::Professional { informed: true };
}

/// Since when the recipient's STOP covers the message, by what it covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OptOuts {
    /// Everything of this advertiser, whatever the sender.
    pub advertiser: Option<Timestamp>,
    /// Everything of this workspace.
    pub workspace: Option<Timestamp>,
    /// Every marketing message of the platform.
    pub platform: Option<Timestamp>,
}

/// What a reviewer has on file for a sender's name, from the weakest to the strongest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub enum Proof {
    /// Nothing.
    #[default]
    None,
    /// It is the registered name of the company, or its trade mark.
    Registered,
    /// The brand's written authorisation, registered with the operators (ISA).
    Authorised,
}
