//! A model's chat template from its GGUF file: messages in, one text with special tokens out.
//!
//! The template comes from a file and is not trusted: it runs with a fuel limit, has no access to anything outside, and
//! its errors name the model. minijinja renders it as Hugging Face's `apply_chat_template` does: Python's string
//! methods, trimmed blocks, `raise_exception` and `strftime_now`.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, Value, context};
use serde::Serialize;

/// Limit of a template's steps: the longest known ones take some thousands for a short conversation.
const FUEL: u64 = 200_000;

/// One message, in the form that templates read.
#[derive(Debug, Clone, Serialize)]
pub struct ChatMessage {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// Its text.
    pub content: String,
}

impl ChatMessage {
    /// A message of `role`.
    pub fn new(role: &'static str, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
        }
    }
}

/// Why a chat template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file has none.
    #[error(
        "the chat model {0} has no chat template, so it is a base model and cannot converse; use an instruction-tuned \
         GGUF file"
    )]
    Missing(String),
    /// It does not parse, asks for something unknown, or refuses the messages.
    #[error("the chat template of the model {model} failed: {source}")]
    Failed {
        /// The model's name.
        model: String,
        /// Where and why.
        source: minijinja::Error,
    },
}

/// A parsed template.
pub(super) struct ChatTemplate {
    environment: Environment<'static>,
    model: String,
    bos: String,
    eos: String,
}

impl ChatTemplate {
    /// Parses `source`. `bos` and `eos` are the texts of the tokens that begin and end a text, or empty.
    pub(super) fn new(
        model: &str,
        source: Option<&str>,
        bos: &str,
        eos: &str,
    ) -> Result<Self, TemplateError> {
        let source = source.ok_or_else(|| TemplateError::Missing(model.to_string()))?;
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        environment.set_syntax(syntax.expect("the default delimiters are valid"));
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", strftime_now);
        environment
            .add_template_owned("chat", source.to_string())
            .map_err(|source| TemplateError::Failed {
                model: model.to_string(),
                source,
            })?;
        Ok(Self {
            environment,
            model: model.to_string(),
            bos: bos.into(),
            eos: eos.into(),
        })
    }

    /// Renders `messages` up to where the assistant's turn begins. A template that refuses a system message gets it
    /// at the head of the first message of the user.
    pub(super) fn render(&self, messages: &[ChatMessage]) -> Result<String, TemplateError> {
        let rendered = self
            .try_render(messages)
            .or_else(|error| match without_system(messages) {
                Some(messages) => self.try_render(&messages).map_err(|_| error),
                None => Err(error),
            });
        rendered.map_err(|source| TemplateError::Failed {
            model: self.model.clone(),
            source,
        })
    }

    fn try_render(&self, messages: &[ChatMessage]) -> Result<String, minijinja::Error> {
        self.environment.get_template("chat")?.render(context! {
            messages => Value::from(Serde(messages)),
            bos_token => &self.bos,
            eos_token => &self.eos,
            add_generation_prompt => true,
            // Qwen 3 writes its reasoning first unless this is false; a short answer has no room for that.
            enable_thinking => false,
        })
    }
}

fn without_system(messages: &[ChatMessage]) -> Option<Vec<ChatMessage>> {
    match messages {
        [
            ChatMessage {
                role: "system",
                content: instructions,
            },
            first,
            rest @ ..,
        ] => {
            let first = ChatMessage::new(first.role, format!("{instructions}\n\n{}", first.content));
            Some([&[first], rest].concat())
        }
        _ => None,
    }
}

fn raise_exception(message: String) -> Result<String, minijinja::Error> {
    Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
}

/// Today in UTC, in Python's format: Llama 3's template states the date.
fn strftime_now(format: String) -> String {
    jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .strftime(&format)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(source: &str, messages: &[ChatMessage]) -> Result<String, String> {
        let template =
            ChatTemplate::new("tiny", Some(source), "<s>", "</s>").map_err(|error| error.to_string())?;
        template.render(messages).map_err(|error| error.to_string())
    }

    fn conversation() -> Vec<ChatMessage> {
        vec![
            ChatMessage::new("system", "Be brief."),
            ChatMessage::new("user", " Hi "),
        ]
    }

    #[test]
    fn what_llama_and_qwen_ask_of_a_template_engine_is_there() {
        for (source, expected) in [
            (
                "{{ bos_token }}{% for m in messages %}\n  {%- if m['content'] is defined %}\
                 {{ m.role.upper() }}:{{ m['content'].strip() }};{% endif %}{% endfor %}\
                 {% if add_generation_prompt %}A:{% endif %}",
                "<s>SYSTEM:Be brief.;USER:Hi;A:",
            ),
            // Blocks are trimmed: the line breaks after them and the blanks before them go.
            (
                "{% for m in messages %}\n{{ m.role }}\n    {% endfor %}",
                "system\nuser\n",
            ),
            (
                "{% set ns = namespace(n=0) %}{% for m in messages[::-1] %}{% set ns.n = ns.n + 1 %}{% endfor %}\
                 {{ ns.n }}",
                "2",
            ),
            (
                "{{ messages[0] | tojson }}",
                "{\"role\": \"system\", \"content\": \"Be brief.\"}",
            ),
            (
                "{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{{ m.role }}{% endfor %}",
                "user",
            ),
            ("{{ 'a,b'.split(',')[-1] }}{{ 'x'.startswith('x') }}", "bTrue"),
        ] {
            assert_eq!(
                rendered(source, &conversation()).as_deref(),
                Ok(expected),
                "{source}"
            );
        }
        assert_eq!(
            rendered("{{ strftime_now('%Y') }}", &[]).expect("a year").len(),
            4
        );
    }

    #[test]
    fn a_template_without_a_system_role_gets_the_instructions_in_the_first_message() {
        let source = "{% if messages[0].role == 'system' %}\
                      {{ raise_exception('System role not supported') }}{% endif %}\
                      {{ messages[0].content }}";
        assert_eq!(
            rendered(source, &conversation()).as_deref(),
            Ok("Be brief.\n\n Hi ")
        );
    }

    #[test]
    fn bad_templates_are_errors_that_name_the_model() {
        for (source, says) in [
            ("{% for m in messages %}", "unexpected end of input"),
            (
                "{{ raise_exception('roles must alternate') }}",
                "roles must alternate",
            ),
            (
                "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
                "fuel",
            ),
        ] {
            let error = rendered(source, &conversation()).expect_err(source);
            assert!(error.contains("tiny") && error.contains(says), "{error}");
        }
        let missing = ChatTemplate::new("tiny", None, "", "")
            .err()
            .expect("no template")
            .to_string();
        assert!(missing.contains("base model"), "{missing}");
    }
}
