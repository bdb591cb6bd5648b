//! Passwords: argon2id, off the async threads, few at once: each takes 19 MiB and some 50 ms.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use facteur_domain::Redacted;
use facteur_gateway::Chance;
use tokio::sync::Semaphore;

use super::trouble::Trouble;

/// The fewest characters, as ANSSI advises where a second factor is not required.
pub(crate) const CHARACTERS_MIN: usize = 12;
/// The most: what is longer is no password but a load.
pub(crate) const CHARACTERS_MAX: usize = 128;
/// Passwords that are hashed at once.
const AT_ONCE: usize = 2;

/// Hashes passwords, and compares them.
#[derive(Debug)]
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) async fn hash(&self, password: &str) -> Result<Redacted<String>, Trouble> {
        let (password, salt) = (password.to_owned(), Chance.octets::<16>());
        self.aside(move || {
            let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash: PasswordHash| Redacted::new(hash.to_string())).map_err(Trouble::internal)
        })
        .await?
    }

    /// Whether a password has this hash. Where there is none to compare with, the same work is done, so that
    /// nobody can tell by the clock whether an account exists.
    ///
    /// # Errors
    /// It cannot be compared.
    pub(crate) async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool, Trouble> {
        /// Of a password that nobody has, made with the same parameters.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                              AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        // One that is longer than any of ours is not read to its end.
        let password: String = password.chars().take(CHARACTERS_MAX + 1).collect();
        self.aside(move || {
            let (known, hash) = hash.map_or((false, NOBODY.to_owned()), |hash| (true, hash));
            let hash = PasswordHash::new(&hash).map_err(Trouble::internal)?;
            let right = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
            Ok(right && known)
        })
        .await?
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(Trouble::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(Trouble::internal)
    }
}

/// What is wrong with a new password, as a sentence's key.
pub(crate) fn problem(password: &str, again: &str, email: &str) -> Option<&'static str> {
    let characters = password.chars().count();
    let local = email.split('@').next().unwrap_or_default();
    let lower = password.to_lowercase();
    let first = password.chars().next();
    if characters < CHARACTERS_MIN {
        Some("account-password-short")
    } else if characters > CHARACTERS_MAX {
        Some("account-password-long")
    } else if lower == email.to_lowercase() || (local.len() >= 4 && lower.contains(&local.to_lowercase())) {
        Some("account-password-email")
    } else if password.chars().all(|c| Some(c) == first) {
        Some("account-password-simple")
    } else if password != again {
        Some("account-password-differs")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_nobody_has_none() {
        let passwords = Passwords::new();
        let hash = passwords.hash("un facteur sonne deux fois").await.expect("hashed");
        assert!(hash.show().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let known = Some(hash.show().clone());
        assert!(passwords.verify("un facteur sonne deux fois", known.clone()).await.expect("compared"));
        assert!(!passwords.verify("un facteur sonne trois fois", known).await.expect("compared"));
        assert!(!passwords.verify("un facteur sonne deux fois", None).await.expect("compared"));
    }

    #[test]
    fn a_weak_password_is_told_why() {
        let of = |password: &str| problem(password, password, "claire@exemple.fr");
        assert_eq!(of("court"), Some("account-password-short"));
        assert_eq!(of(&"é".repeat(129)), Some("account-password-long"));
        assert_eq!(of("Claire-2026-Paris"), Some("account-password-email"));
        assert_eq!(of("aaaaaaaaaaaaaaaa"), Some("account-password-simple"));
        assert_eq!(of("un facteur sonne"), None);
        assert_eq!(problem("un facteur sonne", "x", "a@b.fr"), Some("account-password-differs"));
    }
}
