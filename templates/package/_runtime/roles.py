"""Which fields of an operation's bodies play which part, as the specification declares it (`x-upsert`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorShape:
    """How an error body, and an item of a response's errors, says what is wrong.

    Names with dots lead through nested objects. None: the API has no such field.

    Attributes:
        message: Says what is wrong, for people.
        code: Names the kind of error.
        trace_ids: The list of trace ids of the inputs that an item is about.
        keys: The key of the record that an item is about, or a list of them.
        position: The position of that record among those of the request, counted from 0; or a way, such as a
            JSON pointer, of which the first number is it. Where `results-by` is position, that of a result,
            too.
        details: A list of objects, each about one thing that is wrong, or one such object.
        detail_property: In a detail: the property, or a list of them.
        detail_code: In a detail: a code for programs.
        detail_message: In a detail: a sentence for people.
        problem_property: In the objects of a JSON list that stands inside the message: the property.
        problem_code: In these objects: a code for programs.
        problem_message: In these objects: a sentence for people.
    """

    message: str | None = None
    code: str | None = None
    trace_ids: str | None = None
    keys: str | None = None
    position: str | None = None
    details: str | None = None
    detail_property: str | None = None
    detail_code: str | None = None
    detail_message: str | None = None
    problem_property: str | None = None
    problem_code: str | None = None
    problem_message: str | None = None


@dataclass(frozen=True)
class Systemic:
    """An error that every record would meet, so that sending more of them is a waste.

    Attributes:
        statuses: The statuses that it comes with.
        code: A code that the body, or one of its details, has; None for any.
        message: A text that its message holds; None for any.
        mend: What to change before trying again.
    """

    statuses: tuple[int, ...]
    code: str | None = None
    message: str | None = None
    mend: str = ""


@dataclass(frozen=True)
class Choice:
    """A field, and the value of it that means something.

    Attributes:
        field: The field.
        value: The value.
    """

    field: str
    value: str


@dataclass(frozen=True)
class PropertyListing:
    """Where a listing of an account's properties says what: dotted ways into its JSON.

    Attributes:
        list: The list of properties.
        name: A property's name.
        type: Its type.
        label: What it is called for people.
        unique: Whether no two records may share a value.
        read_only: Whether only the API writes it.
        calculated: Whether the API works it out.
        archived: Whether it is in use no longer.
        options: The options of an enumeration.
        option: The value of an option, inside the option.
        option_label: What an option is called for people, inside the option.
        multiple: The field, and the value of it, that means several options at once.
        types: Pairs of the API's names of types and those of `properties.Property`; any other type is a
            text.
    """

    list: str
    name: str
    type: str
    label: str | None = None
    unique: str | None = None
    read_only: str | None = None
    calculated: str | None = None
    archived: str | None = None
    options: str | None = None
    option: str | None = None
    option_label: str | None = None
    multiple: Choice | None = None
    types: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ValueProblem:
    """What the API says about a value that does not fit its property.

    Attributes:
        code: A code for programs.
        message: A sentence for people, with `{value}`, `{property}`, `{options}`, `{time}` to be filled.
        chosen: Whether nobody knows what the API says, so that the words are ours.
    """

    code: str
    message: str
    chosen: bool = False


@dataclass(frozen=True)
class ValueProblems:
    """What the API says, by what is wrong with a value; None where nobody knows.

    Attributes:
        unknown: There is no such property.
        read_only: Only the API writes it.
        too_long: The text is longer than any may be.
        option: It is none of the options.
        number: It is no number.
        bool: It is neither true nor false.
        date: It is no date.
        not_midnight: It is a moment within a day, where a date is asked for.
        datetime: It is no date with a time.
        email: It is no email address.
        no_key: It would leave the record without a value of the property that finds it.
        two_keys: It is another value of that property than the one that finds the record.
        backward: It comes before the value that the record has, which only moves forward.
    """

    unknown: ValueProblem | None = None
    read_only: ValueProblem | None = None
    too_long: ValueProblem | None = None
    option: ValueProblem | None = None
    number: ValueProblem | None = None
    bool: ValueProblem | None = None
    date: ValueProblem | None = None
    not_midnight: ValueProblem | None = None
    datetime: ValueProblem | None = None
    email: ValueProblem | None = None
    no_key: ValueProblem | None = None
    two_keys: ValueProblem | None = None
    backward: ValueProblem | None = None


@dataclass(frozen=True)
class PropertyRules:
    """What is known of properties and their values, whatever the account.

    Attributes:
        listing: What a listing of the account's properties looks like; None if there is no such thing.
        problems: What the API says of values that do not fit.
        emails: The properties whose values are email addresses, though a listing may call them texts.
        refused_keys: The properties that cannot be a key although their values are unique.
        longest_text: The most characters of a text.
    """

    listing: PropertyListing | None = None
    problems: ValueProblems = ValueProblems()
    emails: tuple[str, ...] = ()
    refused_keys: tuple[str, ...] = ()
    longest_text: int | None = None


@dataclass(frozen=True)
class PropertyQuery:
    """The parameters of an operation that lists an account's properties.

    Attributes:
        object_type: The argument of the path that names the object type.
        archived: The query parameter that asks for properties that are in use no longer.
        sensitivity: The query parameter that asks for properties of some sensitivity.
    """

    object_type: str
    archived: str | None = None
    sensitivity: str | None = None


@dataclass(frozen=True)
class ResultStatus:
    """How a result says whether its record was written.

    Attributes:
        field: The result's field that says so.
        accepted: The values that mean that it was; with any other, the record was refused.
    """

    field: str
    accepted: tuple[str, ...]


@dataclass(frozen=True)
class ResultPages:
    """An operation that lists, page by page, what became of the records of a job.

    Attributes:
        operation: The operationId of it; its one required argument is the id of the job.
        list: A page's field that holds the items.
        next: A page's field for the URL of the next page, or for what asks for it; None if all is in one.
        next_parameter: The query parameter that takes what `next` holds; None if that is a URL.
    """

    operation: str
    list: str
    next: str | None = None
    next_parameter: str | None = None


@dataclass(frozen=True)
class Job:
    """A job that writes the records of a request after it was answered.

    What tells of records, such as `results` and `errors`, stands in the answer that says that it is complete,
    or on pages.

    Attributes:
        status: The field, in an answer about the job, that says how far it is.
        complete: The values of it that mean that the job came to its end.
        running: The values of it that mean that it has not. Any other value is taken for one, and told.
        failed: The values of it that mean that the job was given up, so that nobody knows what was written.
        operation: The operationId of what tells of the job; its one required argument is the id. None if a
            URL does.
        id: The first answer's field for the id of the job.
        url: The first answer's field for the URL that tells of the job.
        url_header: The first answer's header for that URL.
        result_pages: What lists the results of the job; None if its own answer holds them.
        error_pages: What lists the errors of the job; None if its own answer holds them.
        interval: Seconds between two questions, unless an answer asks for more.
        maximum_seconds: Seconds after which the job is asked about no longer.
        maximum_requests: Questions after which it is asked about no longer.
    """

    status: str
    complete: tuple[str, ...]
    running: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    operation: str | None = None
    id: str | None = None
    url: str | None = None
    url_header: str | None = None
    result_pages: ResultPages | None = None
    error_pages: ResultPages | None = None
    interval: float = 2.0
    maximum_seconds: float = 3600.0
    maximum_requests: int = 1000


@dataclass(frozen=True)
class Roles:
    """Which fields play which part in an upsert.

    Names with dots lead through nested objects, and `$` stands for all of a body.

    Attributes:
        inputs: The request's field that holds the records.
        key: A record's field for the value of its unique property.
        results: The response's field that holds what was written; None if it tells nothing of records.
        results_by: How a result tells its record: `position` in the list, or the `name` under which it stands
            in an object; None for its trace id or its key.
        result_status: How a result says whether its record was written; None if all results were.
        count: The response's field for the number of records that were written.
        alternative_keys: A record's fields that find it where it has no `key`; the first that it has counts.
        key_argument: The argument of the request that names the fields by which records are found. Where
            it is given, they are the keys.
        key_parameter: The argument of the path that takes the key, in requests of one record each.
        maximum_bytes: The most bytes of a request's body.
        created_values: The values of `created` that mean that the record was created; none if it is a
            boolean.
        updated_values: The values of `created` that mean that it was there before.
        job: The job that writes the records, if they are not written yet when the answer comes.
        key_property: A record's field that names the unique property.
        properties: The field of records and results that holds the values of properties.
        object_type: The path argument that names the object type, where it is one.
        trace_id: A record's field for an id of the caller's choice, repeated in the answer.
        errors: The response's field that holds what failed.
        created: A result's field that tells created from updated.
        result_id: A result's field for the id that the API gave the record.
        warnings: A result's field for what the API changed or doubts.
        case_insensitive: The unique properties whose values compare without case.
        separator: What joins several values of one property; None if there cannot be several.
        maximum: The most records in one request.
        error: How errors say what is wrong.
        systemic: The errors that every record would meet.
        property_rules: What is known of properties and their values.
    """

    inputs: str
    key: str
    results: str | None = None
    results_by: str | None = None
    result_status: ResultStatus | None = None
    count: str | None = None
    alternative_keys: tuple[str, ...] = ()
    key_argument: str | None = None
    key_parameter: str | None = None
    maximum_bytes: int | None = None
    created_values: tuple[str, ...] = ()
    updated_values: tuple[str, ...] = ()
    job: Job | None = None
    key_property: str | None = None
    properties: str | None = None
    object_type: str | None = None
    trace_id: str | None = None
    errors: str | None = None
    created: str | None = None
    result_id: str | None = None
    warnings: str | None = None
    case_insensitive: tuple[str, ...] = ()
    separator: str | None = None
    maximum: int = 100
    error: ErrorShape = ErrorShape()
    systemic: tuple[Systemic, ...] = ()
    property_rules: PropertyRules = PropertyRules()


@dataclass(frozen=True)
class LimitUsage:
    """Where an answer says how much of the limits of a day is used: its fields, and those of one limit.

    Attributes:
        list: The list of limits.
        limit: How many requests there may be.
        used: How many there were.
        name: What the limit is called.
        resets_at: When counting begins anew.
    """

    list: str
    limit: str
    used: str
    name: str | None = None
    resets_at: str | None = None


@dataclass(frozen=True)
class AccountQuery:
    """What an operation tells of a token and its account: the fields of its bodies.

    Attributes:
        token: The field of the request that takes the token; None if that of the request is meant.
        account: The id of the account.
        scopes: The list of the scopes that the token has.
        usage: What was used of the limits of a day.
        assumed: Whether nobody knows for sure that the operation is asked and answered like that.
    """

    token: str | None = None
    account: str | None = None
    scopes: str | None = None
    usage: LimitUsage | None = None
    assumed: bool = False
