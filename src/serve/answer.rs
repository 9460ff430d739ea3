//! What a form may do. Each step asks again whether the token is good; only the last one uses it up.

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::page::Shared;
use super::token::{MOST_MISSES, is_token, token_sha256};
use super::{Answered, Choice, Issued, Outcome, Question};
use crate::base::Result;

/// One sentence for every token that is worth nothing, whatever the reason: whoever tries some learns nothing.
const WORTHLESS: &str = "This link is not valid, or not any more. The question may be answered, withdrawn or with \
                         somebody else. If you are waiting for one, look for a newer notice.";
const BROKEN: &str = "The page could not look this up just now. Nothing was decided: please try again later.";

/// The first form.
#[derive(Deserialize)]
pub(super) struct Asked {
    form: String,
    token: String,
}

/// The second form.
#[derive(Deserialize)]
pub(super) struct Given {
    form: String,
    token: String,
    #[serde(default)]
    choice: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    code: String,
}

/// What a token turns out to be.
enum Found {
    Open(Issued, Box<Question>),
    /// Used: whoever has it may know for what.
    Used(Answered),
    /// Worth nothing.
    Nothing,
}

/// Shows the question of a token, and changes nothing.
pub(super) async fn question(State(shared): State<Shared>, headers: HeaderMap, Form(asked): Form<Asked>) -> Response {
    if !shared.forms.is_ours(&headers, &asked.form) {
        return shared.say(StatusCode::FORBIDDEN, "This form is too old. Please open the link again.");
    }
    match find(&shared, asked.token.trim()).await {
        Ok(Found::Open(_, question)) if question.is_critical => critical(&shared),
        Ok(Found::Open(_, question)) => shared.ask(StatusCode::OK, &question, asked.token.trim(), None),
        Ok(Found::Used(before)) => shared.say(StatusCode::CONFLICT, &already(&before)),
        Ok(Found::Nothing) => shared.say(StatusCode::NOT_FOUND, WORTHLESS),
        Err(_) => shared.say(StatusCode::SERVICE_UNAVAILABLE, BROKEN),
    }
}

/// Takes an answer.
pub(super) async fn answer(State(shared): State<Shared>, headers: HeaderMap, Form(given): Form<Given>) -> Response {
    if !shared.forms.is_ours(&headers, &given.form) {
        return shared.say(StatusCode::FORBIDDEN, "This form is too old. Please open the link again.");
    }
    take(&shared, &given).await.unwrap_or_else(|_| shared.say(StatusCode::SERVICE_UNAVAILABLE, BROKEN))
}

async fn take(shared: &Shared, given: &Given) -> Result<Response> {
    let token = given.token.trim();
    let (issued, question) = match find(shared, token).await? {
        Found::Open(_, question) if question.is_critical => return Ok(critical(shared)),
        Found::Open(issued, question) => (issued, question),
        Found::Used(before) => return Ok(shared.say(StatusCode::CONFLICT, &already(&before))),
        Found::Nothing => return Ok(shared.say(StatusCode::NOT_FOUND, WORTHLESS)),
    };
    let again = |complaint| Ok(shared.ask(StatusCode::UNPROCESSABLE_ENTITY, &question, token, Some(complaint)));
    let choice = Choice::parse(&given.choice).filter(|choice| issued.binding.choices.contains(choice));
    let Some(choice) = choice else { return again("Please choose an answer.") };
    let reason = given.reason.trim();
    let reason_code = question.reasons.iter().map(|(code, _)| code).find(|code| *code == reason).cloned();
    if reason_code.is_none() && (choice == Choice::Deny || !reason.is_empty()) {
        return again("Please choose a reason.");
    }
    let code: String = given.code.chars().filter(|c| !c.is_whitespace()).collect();
    if !issued.is_code(token, &code) {
        // Who tried five codes does not have it: the token is used up by them as by an answer.
        let misses = shared.doors.claims.miss(&issued.token_sha256).await?;
        return match misses >= MOST_MISSES {
            true => Ok(shared.say(StatusCode::NOT_FOUND, WORTHLESS)),
            false => again("This is not the code that was sent to you."),
        };
    }
    let at = shared.clock.now();
    let reason_code = reason_code.filter(|_| choice == Choice::Deny);
    let answer_id = issued.token_sha256.clone();
    let answered = Answered { answer_id, binding: issued.binding, choice, reason_code, at };
    if let Some(before) = shared.doors.claims.burn(&answered).await? {
        return Ok(shared.say(StatusCode::CONFLICT, &already(&before)));
    }
    // The claim holds the answer: when this fails, the next run takes it from there.
    let outcome = shared.doors.desk.answer(&answered).await;
    Ok(match outcome {
        Ok(Outcome::Counted) | Err(_) => shared.say(StatusCode::OK, &thanks(&answered)),
        Ok(Outcome::Late { by }) => {
            let sentence = format!("Thank you. Your answer is kept, but another one counts: {by}");
            shared.say(StatusCode::OK, &sentence)
        }
        Ok(Outcome::Refused { why }) => shared.say(StatusCode::CONFLICT, &format!("Your answer cannot count: {why}.")),
    })
}

/// Looks a token up: form, hash, use, end, and whether the question is still the one it was given out for.
async fn find(shared: &Shared, token: &str) -> Result<Found> {
    if !is_token(token) {
        return Ok(Found::Nothing);
    }
    let claims = &shared.doors.claims;
    let Some(issued) = claims.find(&token_sha256(token)).await?.filter(|issued| issued.is_token(token)) else {
        return Ok(Found::Nothing);
    };
    if let Some(before) = claims.burned(&issued.token_sha256).await? {
        return Ok(Found::Used(before));
    }
    let is_over = shared.clock.now() >= issued.expires_at;
    if is_over || claims.misses(&issued.token_sha256).await? >= MOST_MISSES {
        return Ok(Found::Nothing);
    }
    match shared.doors.desk.look(&issued).await? {
        Some(question) if question.binding == issued.binding => Ok(Found::Open(issued, Box::new(question))),
        _ => Ok(Found::Nothing),
    }
}

fn critical(shared: &Shared) -> Response {
    let sentence = "This question concerns a critical application or role: a link does not decide it. Please answer in \
                    the ticket, or by the command line.";
    shared.say(StatusCode::FORBIDDEN, sentence)
}

fn thanks(answered: &Answered) -> String {
    let what = match answered.choice {
        Choice::Accept => "The proposal is accepted.",
        Choice::Deny => "The proposal is refused.",
        Choice::Confirm => "The licence stays with you.",
    };
    format!("Thank you. {what}")
}

fn already(before: &Answered) -> String {
    format!(
        "This was answered already: {} on {} UTC, by this link.",
        before.choice.as_str(),
        before.at.format("%Y-%m-%d %H:%M")
    )
}
