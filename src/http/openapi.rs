//! `GET /openapi.json`: what every endpoint takes and answers, made from the handlers' own types.
//!
//! aide reads the types of extractors and results; here stands what those of ours mean to it. The document is made once,
//! with the router.

use aide::{
    OperationInput, OperationOutput,
    generate::GenContext,
    openapi::{
        Info, MediaType, OpenApi, Operation, ReferenceOr, RequestBody, Response, SchemaObject,
        SecurityScheme, StatusCode,
    },
    operation::{ParamLocation, add_parameters, parameters_from_schema, set_body},
};
use axum::{
    body::Bytes,
    extract::State,
    http::header,
    response::{IntoResponse, Response as Reply},
};
use schemars::JsonSchema;

use super::{
    Shared,
    error::{self, ApiError},
    extract::{FormBody, JsonBody, Params, Segment},
};

/// The name of the one way to show a key.
const KEY: &str = "key";

/// Statuses with which any endpoint may say no.
const REFUSALS: [(u16, &str); 11] = [
    (
        400,
        "The request cannot be understood, or is out of range; `param` names the field.",
    ),
    (401, "A key is needed, or the one that came is not known."),
    (403, "The key, the site or the name is not let in."),
    (404, "There is no such thing."),
    (408, "The body did not come in time."),
    (413, "The body is too large."),
    (415, "The body is of another type."),
    (
        429,
        "Too many requests, or a full waiting room; `Retry-After` says when to come back.",
    ),
    (431, "The head of the request is too long."),
    (500, "The server failed; its log says how."),
    (503, "The server is loading or stopping."),
];

/// The document.
pub(super) async fn document(State(context): State<Shared>) -> Reply {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, context.document.clone()).into_response()
}

/// An empty document, to be filled by the router.
pub(super) fn begun() -> OpenApi {
    OpenApi {
        info: Info {
            title: "flipkart-recommender".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: Some("Answers from a shop's reviews, with citations.".into()),
            ..Info::default()
        },
        ..OpenApi::default()
    }
}

/// The bytes of a filled document. Keys are asked for where `guarded`.
pub(super) fn finished(mut document: OpenApi, guarded: bool) -> Bytes {
    let bearer = SecurityScheme::Http {
        scheme: "bearer".into(),
        bearer_format: None,
        description: Some("A key of this server's operator.".into()),
        extensions: Default::default(),
    };
    let components = document.components.get_or_insert_default();
    components
        .security_schemes
        .insert(KEY.into(), ReferenceOr::Item(bearer));
    if guarded {
        document
            .security
            .push([(KEY.to_string(), vec![])].into_iter().collect());
    }
    Bytes::from(serde_json::to_vec(&document).expect("a document is made of texts and lists"))
}

/// A body of `content_type` that is like `T`.
fn content<T: JsonSchema>(ctx: &mut GenContext, content_type: &str) -> (String, MediaType) {
    let schema = SchemaObject {
        json_schema: ctx.schema.subschema_for::<T>(),
        example: None,
        external_docs: None,
    };
    let media = MediaType {
        schema: Some(schema),
        ..MediaType::default()
    };
    (content_type.to_string(), media)
}

fn body<T: JsonSchema>(ctx: &mut GenContext, operation: &mut Operation, content_type: &str) {
    let body = RequestBody {
        content: [content::<T>(ctx, content_type)].into_iter().collect(),
        required: true,
        ..RequestBody::default()
    };
    set_body(ctx, operation, body);
}

impl<T: JsonSchema> OperationInput for JsonBody<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        body::<T>(ctx, operation, "application/json");
    }
}

impl<T: JsonSchema> OperationInput for FormBody<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        body::<T>(ctx, operation, "application/x-www-form-urlencoded");
    }
}

impl<T: JsonSchema> OperationInput for Params<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.subschema_for::<T>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Query);
        add_parameters(ctx, operation, parameters);
    }
}

/// Every path with a segment calls it `id`.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct InPath {
    id: String,
}

impl OperationInput for Segment {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.subschema_for::<InPath>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Path);
        add_parameters(ctx, operation, parameters);
    }
}

impl OperationOutput for ApiError {
    type Inner = error::Body;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, Response)> {
        let refusal = |(status, description): (u16, &str)| {
            let response = Response {
                description: description.into(),
                content: [content::<error::Body>(ctx, "application/json")]
                    .into_iter()
                    .collect(),
                ..Response::default()
            };
            (Some(status), response)
        };
        REFUSALS.map(refusal).into()
    }
}

/// Adds a success of another type than the handler's own result says.
pub(super) fn also<T: JsonSchema>(
    operation: &mut Operation,
    status: u16,
    content_type: &str,
    description: &str,
) {
    aide::generate::in_context(|ctx| {
        let responses = operation.responses.get_or_insert_default();
        let code = StatusCode::Code(status);
        let empty = ReferenceOr::Item(Response::default());
        let entry = responses.responses.entry(code).or_insert(empty);
        if let ReferenceOr::Item(response) = entry {
            response.description = description.into();
            let (content_type, media) = content::<T>(ctx, content_type);
            response.content.insert(content_type, media);
        }
    });
}
