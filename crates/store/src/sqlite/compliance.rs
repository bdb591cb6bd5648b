//! The verbs of the compliance desk: consents, STOPs, verdicts, settings, dossiers, erasure.

use bytes::Bytes;
use facteur_domain::{
    ConsentId, EvidenceId, MessageId, Msisdn, OptOutId, Sender, SenderRecordId, Timestamp, WorkspaceId,
};

use super::consents::Scribe;
use super::dossier::Change as DossierChange;
use super::evidence::Upload;
use super::fault::Fault;
use super::lifting::Lifting;
use super::verbs::Manner;
use super::{
    Pending, Store, connect, consents, dossier, erase, evidence, lifting, optouts, settings, standing,
};
use super::{verdicts, waiting};
use crate::{
    Actor, ChainReport, Change, ConsentEntry, Dossier, Evidence, Hold, NewConsent, NewEvidence, NewOptOut,
    OptOut, OptOutFilter, OptOutState, Page, Paged, SenderRecord, Settings, Standing, StoreError,
};

impl Store {
    /// Appends grounds to a workspace's ledger, in order: all of them or none.
    pub fn record_consents(
        &self,
        workspace: WorkspaceId,
        consents: Vec<NewConsent>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Vec<ConsentEntry>> {
        self.write(Manner::guarded_new(consents.len()), move |tx| {
            consents::record(tx, Scribe::new(workspace, at, &actor), consents)
        })
    }

    /// Withdraws what holds for a number: all of it, or that of one advertiser. One entry for each ground
    /// that ends; none when none held.
    pub fn withdraw_consent(
        &self,
        workspace: WorkspaceId,
        number: Msisdn,
        advertiser: Option<String>,
        reason: String,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Vec<ConsentEntry>> {
        self.write(Manner::guarded(), move |tx| {
            let scribe = Scribe::new(workspace, at, &actor);
            consents::withdraw(tx, scribe, number, advertiser.as_deref(), &reason)
        })
    }

    /// What a workspace's ledger says of a number, oldest first.
    pub fn consents(&self, workspace: WorkspaceId, number: Msisdn) -> Pending<Vec<ConsentEntry>> {
        self.read(move |conn| Ok(consents::of_number(conn, workspace, number)?))
    }

    /// A workspace's ledger, newest first.
    pub fn consent_list(&self, workspace: WorkspaceId, page: Page) -> Pending<Paged<ConsentEntry>> {
        self.read(move |conn| consents::list(conn, workspace, page))
    }

    /// A workspace's ledger after the entry of this sequence, oldest first; `limit` entries at most.
    pub fn consent_export(
        &self,
        workspace: WorkspaceId,
        after: Option<u64>,
        limit: usize,
    ) -> Pending<Vec<ConsentEntry>> {
        self.read(move |conn| consents::export(conn, workspace, after.unwrap_or(0), limit))
    }

    /// Recomputes a workspace's ledger from its first entry, on a thread of its own.
    pub fn verify_consents(&self, workspace: WorkspaceId) -> Pending<ChainReport> {
        self.aside(move |options| {
            let mut conn = connect::open_reader(options)?;
            consents::verify(&mut conn, workspace).map_err(Fault::into_answer)
        })
    }

    /// Records STOPs, in order, and withdraws in the same transaction the marketing that waits for their
    /// numbers. A STOP that holds already is answered as it is.
    pub fn record_opt_outs(
        &self,
        workspace: WorkspaceId,
        batch: Vec<NewOptOut>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<(Vec<OptOut>, Vec<Change>)> {
        self.opt_outs_as(OptOutState::Confirmed, workspace, batch, at, actor)
    }

    /// As [`record_opt_outs`](Self::record_opt_outs), for replies of which it is not sure that they are
    /// STOPs. They count as STOPs until somebody lifts them, which needs no consent; the same STOP recorded
    /// again confirms them.
    pub fn review_opt_outs(
        &self,
        workspace: WorkspaceId,
        batch: Vec<NewOptOut>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<(Vec<OptOut>, Vec<Change>)> {
        self.opt_outs_as(OptOutState::Review, workspace, batch, at, actor)
    }

    fn opt_outs_as(
        &self,
        state: OptOutState,
        workspace: WorkspaceId,
        batch: Vec<NewOptOut>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<(Vec<OptOut>, Vec<Change>)> {
        let manner = Manner::guarded_rows(batch.len());
        self.write(manner, move |tx| optouts::record(tx, Scribe::new(workspace, at, &actor), state, batch))
    }

    /// Lifts a STOP, and records the new consent that it rests on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it was lifted before, without a reason, and,
    /// unless it was only doubtful, without a consent of the same number and advertiser that was collected
    /// after it.
    pub fn lift_opt_out(
        &self,
        workspace: WorkspaceId,
        id: OptOutId,
        reason: String,
        consent: Option<NewConsent>,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<OptOut> {
        self.write(Manner::guarded(), move |tx| {
            lifting::lift(tx, Scribe::new(workspace, at, &actor), Lifting { id, reason, consent })
        })
    }

    /// Makes a doubtful STOP a sure one: somebody has read the reply. One that is sure is answered as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it was lifted.
    pub fn confirm_opt_out(
        &self,
        workspace: WorkspaceId,
        id: OptOutId,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<OptOut> {
        self.write(Manner::guarded(), move |tx| optouts::confirm(tx, workspace, id, at, actor))
    }

    /// A workspace's STOPs, newest first, lifted ones too unless the filter says otherwise.
    pub fn opt_outs(
        &self,
        workspace: WorkspaceId,
        filter: impl Into<OptOutFilter>,
        page: Page,
    ) -> Pending<Paged<OptOut>> {
        let filter = filter.into();
        self.read(move |conn| optouts::list(conn, workspace, filter, page))
    }

    /// Where numbers stand towards workspaces: one answer for each question, in order, all of one instant.
    pub fn standings(&self, asked: Vec<(WorkspaceId, Msisdn)>) -> Pending<Vec<Standing>> {
        self.read_soon(move |conn| standing::standings(conn, &asked))
    }

    /// Makes waiting messages wait longer: `scheduled`, each until its instant. One that no longer waits is
    /// left alone.
    pub fn hold(&self, batch: Vec<Hold>, at: Timestamp) -> Pending<Vec<Change>> {
        self.write(Manner::owed(batch.len()), move |tx| waiting::hold(tx, &batch, at))
    }

    /// Keeps what was judged of messages at their departure, as JSON that names no number and quotes no
    /// text; of several verdicts of a message, the last.
    pub fn keep_departure_verdicts(&self, batch: Vec<(MessageId, String)>) -> Pending<()> {
        self.write(Manner::owed(batch.len()), move |tx| verdicts::keep_departures(tx, &batch))
    }

    /// The verdicts of a message's acceptance and of its departure.
    pub fn verdicts(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
    ) -> Pending<(Option<String>, Option<String>)> {
        self.read(move |conn| verdicts::of(conn, workspace, message))
    }

    /// The entry of the consent ledger that a message relied on.
    pub fn relied_on(&self, workspace: WorkspaceId, message: MessageId) -> Pending<Option<ConsentId>> {
        self.read(move |conn| verdicts::relied_on(conn, workspace, message))
    }

    /// What a workspace chose; [`Settings::of`] its name when it chose nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a workspace.
    pub fn settings(&self, workspace: WorkspaceId) -> Pending<Settings> {
        self.read(move |conn| {
            settings::find(conn, workspace)?.ok_or_else(|| StoreError::NotFound("workspace").into())
        })
    }

    /// Changes what a workspace chose.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a workspace; [`StoreError::Conflict`] for parts outside 1 to 8
    /// or a blank advertiser.
    pub fn change_settings(
        &self,
        workspace: WorkspaceId,
        settings: Settings,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<()> {
        self.write(Manner::guarded(), move |tx| settings::change(tx, workspace, &settings, at, actor))
    }

    /// As [`declare_sender`](Self::declare_sender), where the workspace has fewer than `max` Sender IDs (or,
    /// for a short code, short codes) that were not refused.
    ///
    /// # Errors
    /// As its, and [`StoreError::Conflict`] when there are as many.
    pub fn declare_sender_within(
        &self,
        record: SenderRecord,
        max: u32,
        actor: Actor,
    ) -> Pending<SenderRecord> {
        self.write(Manner::guarded(), move |tx| dossier::declare_within(tx, record, max, actor))
    }

    /// Writes a sender's dossier anew.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the workspace has no such sender.
    pub fn change_dossier(
        &self,
        workspace: WorkspaceId,
        sender: Sender,
        dossier: Dossier,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<SenderRecord> {
        let change = DossierChange { workspace, sender, at, actor };
        self.write(Manner::guarded(), move |tx| dossier::change(tx, change, dossier))
    }

    /// Asks for a document; the next file of evidence settles it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the workspace has no such sender.
    pub fn ask_document(
        &self,
        workspace: WorkspaceId,
        sender: Sender,
        what: String,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<SenderRecord> {
        let change = DossierChange { workspace, sender, at, actor };
        self.write(Manner::guarded(), move |tx| dossier::ask(tx, change, what))
    }

    /// Keeps a file of evidence.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the workspace has no such sender; [`StoreError::Conflict`] for an empty
    /// or too large file, or one too many ([`EVIDENCE_BYTES_MAX`](crate::EVIDENCE_BYTES_MAX),
    /// [`EVIDENCE_FILES_MAX`](crate::EVIDENCE_FILES_MAX)).
    pub fn add_evidence(
        &self,
        workspace: WorkspaceId,
        sender: SenderRecordId,
        file: NewEvidence,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<Evidence> {
        let upload = Upload { workspace, sender, at, actor };
        self.write(Manner::guarded(), move |tx| evidence::add(tx, upload, &file))
    }

    /// The files of evidence of a sender, oldest first.
    pub fn evidence(&self, workspace: WorkspaceId, sender: SenderRecordId) -> Pending<Vec<Evidence>> {
        self.read(move |conn| evidence::list(conn, workspace, sender))
    }

    /// A file of evidence with its octets.
    pub fn evidence_file(
        &self,
        workspace: WorkspaceId,
        id: EvidenceId,
    ) -> Pending<Option<(Evidence, Bytes)>> {
        self.read(move |conn| evidence::file(conn, workspace, id))
    }

    /// Erases what a workspace keeps of a person: the personal half of the ledger's entries, the number of
    /// STOPs (which hold all the same), and recipient, text and reference of messages. What waits is
    /// withdrawn. How many rows were erased. When it stops in the middle, ask again: it goes on.
    pub fn erase_person(
        &self,
        workspace: WorkspaceId,
        number: Msisdn,
        at: Timestamp,
        actor: Actor,
    ) -> Pending<u64> {
        let store = self.clone();
        self.aside(move |options| {
            let mut erased = store
                .write(Manner::guarded(), move |tx| {
                    erase::papers(tx, Scribe::new(workspace, at, &actor), number)
                })
                .wait()?;
            let conn = connect::open_reader(options)?;
            let messages = erase::messages_to(&conn, workspace, number).map_err(Fault::into_answer)?;
            for chunk in messages.chunks(erase::CHUNK) {
                let chunk = chunk.to_vec();
                let manner = Manner::owed(chunk.len());
                erased += store.write(manner, move |tx| erase::messages(tx, &chunk, at)).wait()?;
            }
            // Last: what stops in the middle is found again by it.
            store.write(Manner::guarded(), move |tx| erase::index(tx, workspace, number)).wait()?;
            Ok(erased)
        })
    }
}
