//! What can be wrong with a signature.

use super::Form;

/// Why a signed request is refused. Which S3 error that becomes is written at each variant; admission maps them.
/// Codes without a reference are those that AWS was seen to answer.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Header and query, or two `Authorization` headers. 400 InvalidArgument "Only one auth mechanism allowed; only
    /// the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be
    /// specified".
    #[error("more than one authentication was presented")]
    SeveralMechanisms,
    /// Signature Version 2. 400 InvalidRequest "The authorization mechanism you have provided is not supported.
    /// Please use AWS4-HMAC-SHA256."
    #[error("signature version 2 is not supported, only AWS4-HMAC-SHA256")]
    Version2,
    /// SigV4a (`AWS4-ECDSA-P256-SHA256`). 400 InvalidRequest, with the message of [`Self::Version2`].
    #[error("asymmetric signatures (SigV4a) are not supported, only AWS4-HMAC-SHA256")]
    Asymmetric,
    /// Another scheme, such as `Bearer`. 400 InvalidArgument "Unsupported Authorization Type".
    #[error("unsupported authorization type")]
    UnknownScheme,
    /// A part is missing, repeated or unreadable. Header: 400 AuthorizationHeaderMalformed "The authorization header
    /// is malformed; …". Query: 400 AuthorizationQueryParametersError "Query-string authentication version 4
    /// requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and
    /// X-Amz-Expires parameters." Form: 400 InvalidArgument (our wording).
    #[error("malformed authentication: {what}")]
    Malformed {
        /// Where it stood.
        form: Form,
        /// The part, in words.
        what: &'static str,
    },
    /// A form has some fields of a signature and lacks this one. 400 InvalidArgument "Bucket POST must contain a field
    /// named 'policy'.  If it is specified, please check the order of the fields."
    #[error("the form has no field `{0}`")]
    MissingField(&'static str),
    /// An `x-amz-*` query parameter came twice, or once more in other letter case. 400 InvalidRequest (our wording:
    /// AWS documents none).
    #[error("query parameter `{0}` was sent more than once")]
    RepeatedParameter(Box<str>),
    /// A header that may have one value came twice. 400 InvalidRequest (our wording).
    #[error("header `{0}` was sent more than once")]
    RepeatedHeader(Box<str>),
    /// A header and a query parameter of one name differ. 400 InvalidRequest (our wording).
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
    #[error("`{0}` has one value in the header and another in the query")]
    Contradiction(Box<str>),
    /// Header authentication without `x-amz-date` and without a readable `Date`. 403 AccessDenied "AWS
    /// authentication requires a valid Date or x-amz-date header".
    #[error("no valid date was sent")]
    MissingDate,
    /// Header authentication without `x-amz-content-sha256`. 400 InvalidRequest "Missing required header for this
    /// request: x-amz-content-sha256".
    #[error("header `x-amz-content-sha256` is missing")]
    MissingContentSha256,
    /// No such access key. 403 InvalidAccessKeyId "The AWS Access Key Id you provided does not exist in our
    /// records." Made only by [`super::refuse_unknown_key`].
    #[error("the access key is not known")]
    UnknownKey,
    /// The scope's region is not ours. Header: 400 AuthorizationHeaderMalformed "The authorization header is
    /// malformed; the region 'given' is wrong; expecting 'expected'" with an element Region. Query: 400
    /// AuthorizationQueryParametersError "Error parsing the X-Amz-Credential parameter; the region 'given' is wrong;
    /// expecting 'expected'". Form: 400 InvalidArgument "the region 'given' is wrong; expecting 'expected'" with the name
    /// of the field and the same element.
    #[error("the region `{given}` is wrong, `{expected}` was expected")]
    WrongRegion {
        /// Where it stood.
        form: Form,
        /// The region of the scope.
        given: Box<str>,
        /// The region to name in the answer.
        expected: Box<str>,
    },
    /// The scope's service is not `s3`. Codes as for [`Self::WrongRegion`]; "incorrect service "given". This
    /// endpoint belongs to "s3"."
    #[error("the service `{given}` is wrong")]
    WrongService {
        /// Where it stood.
        form: Form,
        /// The service of the scope.
        given: Box<str>,
    },
    /// The scope's date is not the timestamp's. Codes as for [`Self::WrongRegion`]; "Invalid credential date
    /// "20150830". This date is not the same as X-Amz-Date: "20150831"."
    #[error("the scope's date is not the date of the request")]
    WrongScopeDate {
        /// Where it stood.
        form: Form,
    },
    /// `host` is not signed, or a header that must be signed when sent. 403 AccessDenied "There were headers present
    /// in the request which were not signed" with an element HeadersNotSigned.
    #[error("header `{0}` must be signed")]
    HeaderNotSigned(Box<str>),
    /// A header listed as signed did not come. 403 SignatureDoesNotMatch.
    #[error("the signed header `{0}` was not sent")]
    SignedHeaderAbsent(Box<str>),
    /// More than 15 minutes away. 403 RequestTimeTooSkewed "The difference between the request time and the current
    /// time is too large." with elements RequestTime, ServerTime and MaxAllowedSkewMilliseconds (900000).
    #[error("the request's time is more than 15 minutes away")]
    TimeTooSkewed,
    /// A presigned URL or form from more than 15 minutes ahead. 403 AccessDenied "Request is not yet valid".
    #[error("the presigned request is not valid yet")]
    NotYetValid,
    /// A presigned URL past its time; a form after a week. 403 AccessDenied "Request has expired" with elements X-Amz-Expires, Expires
    /// and ServerTime.
    #[error("the presigned request has expired")]
    Expired,
    /// `X-Amz-Expires` is not a number from 1 to 604800. 400 AuthorizationQueryParametersError "X-Amz-Expires must be
    /// less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds".
    #[error("X-Amz-Expires is not a number from 1 to 604800")]
    BadExpires,
    /// 403 SignatureDoesNotMatch "The request signature we calculated does not match the signature you provided.
    /// Check your key and signing method." with elements AWSAccessKeyId, StringToSign, SignatureProvided,
    /// StringToSignBytes, CanonicalRequest, CanonicalRequestBytes.
    #[error("the signature does not match")]
    Mismatch,
}
