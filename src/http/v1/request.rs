//! The body of `POST /v1/chat/completions`. An unknown field is a 400 that names it.
//!
//! Accepted and ignored, because they do not change the answer: `user`, `store`, `metadata`, `service_tier`; and the
//! fields that our own earlier answers have besides their text. Refused with a reason: `n` above 1 and everything about
//! tools.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use uuid::Uuid;

use super::super::error::ApiError;
use crate::assistant::ChatMessage;
use crate::completion::Form;
use crate::generation::Sampling;

/// At most so many messages of a conversation; the chat template could take some thousands.
const MAX_MESSAGES: usize = 1024;
/// At most so many texts that end an answer.
const MAX_STOPS: usize = 16;

/// A value that is accepted and not kept, whatever it is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Ignored(#[schemars(with = "Value")] IgnoredAny);

/// The request.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({
    "model": "recommender", "messages": [{"role": "user", "content": "Which kettle is quiet?"}], "stream": false,
}))]
pub(in crate::http) struct CompletionRequest {
    pub model: String,
    pub messages: Vec<RequestMessage>,
    pub max_tokens: Option<usize>,
    /// The newer name of `max_tokens`; takes precedence over it.
    pub max_completion_tokens: Option<usize>,
    pub stream: Option<bool>,
    pub stream_options: Option<StreamOptions>,
    pub stop: Option<Stop>,
    pub temperature: Option<f32>,
    pub top_p: Option<f32>,
    /// Not in OpenAI's API, but in that of local servers.
    pub top_k: Option<usize>,
    pub min_p: Option<f32>,
    /// llama.cpp calls it `repeat_penalty`.
    #[serde(alias = "repeat_penalty")]
    pub repetition_penalty: Option<f32>,
    pub presence_penalty: Option<f32>,
    pub frequency_penalty: Option<f32>,
    pub logit_bias: Option<BTreeMap<String, f32>>,
    pub seed: Option<i64>,
    pub logprobs: Option<bool>,
    pub top_logprobs: Option<usize>,
    pub response_format: Option<ResponseFormat>,
    n: Option<u32>,
    tools: Option<Value>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<Value>,
    functions: Option<Value>,
    function_call: Option<Value>,
    #[serde(rename = "user")]
    _user: Option<Ignored>,
    #[serde(rename = "store")]
    _store: Option<Ignored>,
    #[serde(rename = "metadata")]
    _metadata: Option<Ignored>,
    #[serde(rename = "service_tier")]
    _service_tier: Option<Ignored>,
}

/// One message. An earlier answer of this server can be sent back unchanged.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RequestMessage {
    pub role: MessageRole,
    content: Option<Content>,
    tool_calls: Option<Value>,
    function_call: Option<Value>,
    #[serde(rename = "name")]
    _name: Option<Ignored>,
    #[serde(rename = "refusal")]
    _refusal: Option<Ignored>,
    #[serde(rename = "annotations")]
    _annotations: Option<Ignored>,
    #[serde(rename = "audio")]
    _audio: Option<Ignored>,
}

/// The author of a message. `developer` is the newer name of `system`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::http) enum MessageRole {
    System,
    Developer,
    User,
    Assistant,
}

/// A text, or parts of one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "content must be a text or a list of parts {\"type\": \"text\", \"text\": …}; only text is read"
)]
enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum ContentPart {
    Text { text: String },
}

/// One text, or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "stop must be a text or a list of texts")]
pub(in crate::http) enum Stop {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StreamOptions {
    include_usage: Option<bool>,
    /// Padding against traffic analysis; this server sends none.
    #[serde(rename = "include_obfuscation")]
    _include_obfuscation: Option<Ignored>,
}

/// The form of the answer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::http) enum ResponseFormat {
    Text,
    JsonObject,
    JsonSchema { json_schema: NamedSchema },
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NamedSchema {
    schema: Option<Value>,
    #[serde(rename = "name")]
    _name: Option<Ignored>,
    #[serde(rename = "description")]
    _description: Option<Ignored>,
    /// Answers always follow the schema, whether this is set or not.
    #[serde(rename = "strict")]
    _strict: Option<Ignored>,
}

impl CompletionRequest {
    /// Checks what every model refuses.
    ///
    /// # Errors
    /// A 400 that names the field.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        let refuse = |field: &str, message: String| Err(ApiError::invalid(message).at(field));
        if let Some(n) = self.n.filter(|n| *n != 1) {
            return refuse(
                "n",
                format!("This server gives one answer per request; send n = 1, not {n}."),
            );
        }
        let tools = [
            ("tools", &self.tools),
            ("tool_choice", &self.tool_choice),
            ("parallel_tool_calls", &self.parallel_tool_calls),
            ("functions", &self.functions),
            ("function_call", &self.function_call),
        ];
        if let Some((field, _)) = tools.into_iter().find(|(_, value)| is_requested(value)) {
            return refuse(
                field,
                format!("This server's models do not call tools; leave {field} out."),
            );
        }
        if self.messages.is_empty() || self.messages.len() > MAX_MESSAGES {
            return refuse("messages", format!("Send from 1 to {MAX_MESSAGES} messages."));
        }
        for (place, message) in self.messages.iter().enumerate() {
            if is_requested(&message.tool_calls) || is_requested(&message.function_call) {
                let field = format!("messages[{place}].tool_calls");
                return refuse(
                    &field,
                    "This server's models do not call tools; leave such messages out.".into(),
                );
            }
        }
        if self.limit() == Some(0) {
            let field = if self.max_completion_tokens.is_some() {
                "max_completion_tokens"
            } else {
                "max_tokens"
            };
            return refuse(field, format!("{field} must be at least 1."));
        }
        if self.stream_options.is_some() && !self.streams() {
            return refuse(
                "stream_options",
                "stream_options may only be sent with stream = true.".into(),
            );
        }
        if self.top_logprobs.is_some() && self.logprobs != Some(true) {
            return refuse("top_logprobs", "top_logprobs needs logprobs = true.".into());
        }
        let stops = self.stops();
        if stops.len() > MAX_STOPS || stops.iter().any(String::is_empty) {
            return refuse(
                "stop",
                format!("Send at most {MAX_STOPS} texts to stop at, none of them empty."),
            );
        }
        Ok(())
    }

    /// Whether the client wants chunks.
    pub(crate) fn streams(&self) -> bool {
        self.stream == Some(true)
    }

    /// Whether the client wants a last chunk with the usage.
    pub(crate) fn wants_usage(&self) -> bool {
        let options = self.stream_options.as_ref();
        options.and_then(|options| options.include_usage) == Some(true)
    }

    /// The most tokens of the answer, if the client set a limit.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.max_completion_tokens.or(self.max_tokens)
    }

    /// Texts that end the answer.
    pub(crate) fn stops(&self) -> Vec<String> {
        match &self.stop {
            None => vec![],
            Some(Stop::One(stop)) => vec![stop.clone()],
            Some(Stop::Many(stops)) => stops.clone(),
        }
    }

    /// The sampler's settings. Absent settings have OpenAI's defaults, so that answers differ without a seed.
    ///
    /// # Errors
    /// A 400 if a key of `logit_bias` is not a token's number. The engine checks the ranges.
    pub(crate) fn sampling(&self) -> Result<Sampling, ApiError> {
        let bias = self.logit_bias.iter().flatten();
        let bias: Option<Vec<(u32, f32)>> = bias
            .map(|(token, bias)| Some((token.parse().ok()?, *bias)))
            .collect();
        let Some(logit_bias) = bias else {
            let message = "The keys of logit_bias must be token ids; POST /tokenize gives them.";
            return Err(ApiError::invalid(message).at("logit_bias"));
        };
        Ok(Sampling {
            temperature: self.temperature.unwrap_or(1.0),
            top_k: self.top_k.unwrap_or(0),
            top_p: self.top_p.unwrap_or(1.0),
            min_p: self.min_p.unwrap_or(0.0),
            repetition_penalty: self.repetition_penalty.unwrap_or(1.0),
            presence_penalty: self.presence_penalty.unwrap_or(0.0),
            frequency_penalty: self.frequency_penalty.unwrap_or(0.0),
            logit_bias,
            seed: self
                .seed
                .map_or_else(|| Uuid::new_v4().as_u64_pair().0, |seed| seed as u64),
            logprobs: (self.logprobs == Some(true)).then(|| self.top_logprobs.unwrap_or(0)),
        })
    }

    /// The form of the answer.
    ///
    /// # Errors
    /// A 400 for a `json_schema` without a schema.
    pub(crate) fn form(&self) -> Result<Form, ApiError> {
        match &self.response_format {
            None | Some(ResponseFormat::Text) => Ok(Form::Text),
            Some(ResponseFormat::JsonObject) => Ok(Form::JsonObject),
            Some(ResponseFormat::JsonSchema { json_schema }) => {
                match &json_schema.schema {
                    Some(schema) => Ok(Form::JsonSchema(schema.clone())),
                    None => Err(ApiError::invalid("json_schema needs a schema.")
                        .at("response_format.json_schema.schema")),
                }
            }
        }
    }
}

impl RequestMessage {
    /// The message's text.
    pub(crate) fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => parts
                .iter()
                .map(|ContentPart::Text { text }| text.as_str())
                .collect(),
        }
    }
}

impl From<&RequestMessage> for ChatMessage {
    fn from(message: &RequestMessage) -> Self {
        let role = match message.role {
            MessageRole::System | MessageRole::Developer => "system",
            MessageRole::User => "user",
            MessageRole::Assistant => "assistant",
        };
        Self::new(role, message.text())
    }
}

/// Whether a client wants this feature: clients send `null`, `[]`, `false` or `"none"` if they do not.
fn is_requested(value: &Option<Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(_)) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::String(choice)) => choice != "none" && choice != "auto",
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::error_fields;
    use super::*;
    use serde_json::json;

    fn request(fields: Value) -> CompletionRequest {
        let mut request = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
        for (name, value) in fields.as_object().expect("fields") {
            request[name] = value.clone();
        }
        serde_json::from_value(request).expect("the request parses")
    }

    fn param(refused: ApiError) -> Value {
        let error = error_fields(&refused);
        assert_eq!(error["type"], "invalid_request_error", "{error}");
        error["param"].clone()
    }

    #[test]
    fn empty_values_of_unsupported_features_are_accepted() {
        let request = request(json!({
            "n": 1, "tools": [], "tool_choice": "none", "parallel_tool_calls": true, "functions": null, "stop": null,
            "user": "u", "store": false, "metadata": {"a": "b"}, "service_tier": "auto", "logprobs": false,
        }));
        assert!(request.check().is_ok());
        assert_eq!(request.sampling().expect("in range").logprobs, None);
        assert_eq!(request.form().expect("no form"), Form::Text);
    }

    #[test]
    fn ignored_values_may_be_anything() {
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        for value in ["1e999", deep.as_str(), "null"] {
            let text = format!(r#"{{"model": "m", "messages": [], "metadata": {value}}}"#);
            assert!(
                serde_json::from_str::<CompletionRequest>(&text).is_ok(),
                "{value}"
            );
        }
    }

    #[test]
    fn a_refusal_names_the_unsupported_field() {
        let call = json!([{"role": "assistant", "content": null, "tool_calls": [{"id": "1"}]}]);
        for (fields, name) in [
            (json!({"n": 2}), "n"),
            (json!({"n": 0}), "n"),
            (json!({"tools": [{"type": "function"}]}), "tools"),
            (json!({"tool_choice": "required"}), "tool_choice"),
            (json!({"functions": [{}]}), "functions"),
            (json!({"messages": []}), "messages"),
            (json!({"messages": call}), "messages[0].tool_calls"),
            (json!({"max_tokens": 0}), "max_tokens"),
            (
                json!({"max_completion_tokens": 0, "max_tokens": 3}),
                "max_completion_tokens",
            ),
            (
                json!({"stream_options": {"include_usage": true}}),
                "stream_options",
            ),
            (json!({"top_logprobs": 2}), "top_logprobs"),
            (json!({"stop": ""}), "stop"),
            (json!({"stop": vec!["x"; 17]}), "stop"),
        ] {
            let refused = request(fields.clone()).check().expect_err(&fields.to_string());
            assert_eq!(param(refused), name, "{fields}");
        }
        let refused = request(json!({"logit_bias": {"x": 1}}))
            .sampling()
            .expect_err("no token");
        assert_eq!(param(refused), "logit_bias");
        let schemaless = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}});
        let refused = request(schemaless).form().expect_err("no schema");
        assert_eq!(param(refused), "response_format.json_schema.schema");
    }

    #[test]
    fn parts_are_joined_and_our_own_answers_can_be_sent_back() {
        let request = request(json!({"messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]},
            {
                "role": "assistant", "content": "Hi.", "refusal": null, "annotations": [], "audio": null,
                "tool_calls": null,
            },
        ]}));
        assert!(request.check().is_ok());
        let messages: Vec<ChatMessage> = request.messages.iter().map(Into::into).collect();
        let texts: Vec<_> = messages
            .iter()
            .map(|message| (message.role, message.content.as_str()))
            .collect();
        assert_eq!(
            texts,
            [("system", "Be brief."), ("user", "Hello"), ("assistant", "Hi.")]
        );
    }

    #[test]
    fn absent_settings_have_openais_defaults() {
        let plain = request(json!({"seed": -1})).sampling().expect("in range");
        assert_eq!((plain.temperature, plain.top_p, plain.seed), (1.0, 1.0, u64::MAX));
        let given = request(json!({
            "temperature": 0, "top_p": 0.5, "top_k": 4, "min_p": 0.1, "repeat_penalty": 1.1, "presence_penalty": 0.2,
            "frequency_penalty": 0.3, "logit_bias": {"7": -100}, "seed": 3, "logprobs": true, "top_logprobs": 2,
        }));
        let expected = Sampling {
            temperature: 0.0,
            top_k: 4,
            top_p: 0.5,
            min_p: 0.1,
            repetition_penalty: 1.1,
            presence_penalty: 0.2,
            frequency_penalty: 0.3,
            logit_bias: vec![(7, -100.0)],
            seed: 3,
            logprobs: Some(2),
        };
        assert_eq!(given.sampling().expect("in range"), expected);
    }
}
