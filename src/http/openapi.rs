//! `GET /openapi.json`: what every endpoint takes and answers, generated from the handlers' own types.
//!
//! aide reads the types of extractors and results; this file says what our own types mean. The document is generated
//! once, together with the router.

use aide::generate::GenContext;
use aide::openapi::{
    Info, MediaType, OpenApi, Operation, ReferenceOr, RequestBody, Response, SchemaObject, SecurityScheme,
    StatusCode,
};
use aide::operation::{ParamLocation, add_parameters, parameters_from_schema, set_body};
use aide::{OperationInput, OperationOutput};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response as Reply};
use schemars::JsonSchema;

use super::SharedContext;
use super::error::{ApiError, ErrorBody};
use super::extract::{FormBody, JsonBody, Params, Segment};

/// The name of the only security scheme.
const KEY: &str = "key";

/// The errors that any endpoint may return.
const ERRORS: [(u16, &str); 11] = [
    (
        400,
        "The request cannot be understood, or a value is out of range; `param` names the field.",
    ),
    (401, "The request has no key, or an unknown one."),
    (403, "The key, the site or the host name is not allowed."),
    (404, "The requested resource does not exist."),
    (408, "The body did not arrive in time."),
    (413, "The body is too large."),
    (415, "The body has another content type."),
    (
        429,
        "Too many requests, or a full queue; `Retry-After` says when to try again.",
    ),
    (431, "The head of the request is too long."),
    (500, "The server failed; its log says why."),
    (503, "The server is loading or stopping."),
];

/// The document.
pub(super) async fn document(State(context): State<SharedContext>) -> Reply {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, context.document.clone()).into_response()
}

/// An empty document, which the router fills.
pub(super) fn empty_document() -> OpenApi {
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

/// The JSON of a filled document. It says that a key is needed if `guarded`.
pub(super) fn document_json(mut document: OpenApi, guarded: bool) -> Bytes {
    let bearer = SecurityScheme::Http {
        scheme: "bearer".into(),
        bearer_format: None,
        description: Some("A key from the operator of this server.".into()),
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

/// A body of `content_type` with the schema of `T`.
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

/// The path parameter: every path with a parameter calls it `id`.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct PathParameter {
    id: String,
}

impl OperationInput for Segment {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.subschema_for::<PathParameter>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Path);
        add_parameters(ctx, operation, parameters);
    }
}

impl OperationOutput for ApiError {
    type Inner = ErrorBody;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, Response)> {
        let error = |(status, description): (u16, &str)| {
            let response = Response {
                description: description.into(),
                content: [content::<ErrorBody>(ctx, "application/json")]
                    .into_iter()
                    .collect(),
                ..Response::default()
            };
            (Some(status), response)
        };
        ERRORS.map(error).into()
    }
}

/// Adds a response that the handler's own result type does not describe.
pub(super) fn add_response<T: JsonSchema>(
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
