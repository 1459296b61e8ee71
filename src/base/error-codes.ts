import type { BoxcarError } from "./errors.ts";

/**
 * Every code of an error, and the HTTP status it is answered with (RFC 9110 section 15). docs/http.md has them all, and
 * says what to do.
 */
const STATUSES = {
  bad_duration: 400,
  bad_form: 400,
  bad_key: 400,
  bad_parameter: 400,
  bad_path: 400,
  bad_pattern: 400,
  bad_process: 400,
  bad_qr_size: 400,
  bad_qr_text: 400,
  bad_range: 400,
  bad_request: 400,
  bad_selection: 400,
  bad_source: 400,
  bad_stream_path: 400,
  bad_time: 400,
  bad_time_zone: 400,
  bad_url: 400,
  bad_usage: 400,
  captions_too_long: 400,
  empty_file: 400,
  field_too_large: 400,
  gap_too_long: 400,
  lifetime_too_long: 400,
  missing_start: 400,
  no_file: 400,
  not_uploaded: 400,
  partial_body: 400,
  chunks_too_small: 400,
  range_too_large: 400,
  remote_unreadable: 400,
  size_mismatch: 400,
  start_missing: 400,
  too_many_parts: 400,
  too_many_pieces: 400,
  too_many_tiles: 400,
  unexpected_body: 400,
  unknown_field: 400,
  unknown_folder: 400,
  upload_aborted: 400,

  invalid_token: 401,
  unauthorized: 401,

  bad_link: 403,
  bad_signature: 403,
  behind_proxy: 403,
  cross_origin: 403,
  forbidden: 403,
  link_expired: 403,
  source_refused: 403,

  not_recorded: 404,
  object_missing: 404,
  unknown_file: 404,
  unknown_format: 404,
  unknown_id: 404,
  unknown_media: 404,
  unknown_route: 404,
  unknown_sheet: 404,
  unknown_source: 404,
  unknown_upload: 404,

  method_not_allowed: 405,

  upload_too_slow: 408,

  already_recording: 409,
  codec_change: 409,
  encrypted: 409,
  file_changing: 409,
  idempotency_in_progress: 409,
  no_sync_sample: 409,
  object_changed: 409,
  object_exists: 409,
  place_read_only: 409,
  segment_exists: 409,
  segments_protected: 409,
  taken_over: 409,
  too_many_changes: 409,
  upload_expired: 409,
  wrong_offset: 409,

  segment_deleted: 410,

  precondition_failed: 412,
  unsupported_tus: 412,

  metadata_too_large: 413,
  object_too_large: 413,
  too_large: 413,

  unsupported_body: 415,
  unsupported_encoding: 415,
  unsupported_type: 415,

  range_not_satisfiable: 416,

  unknown_host: 421,

  bad_box_size: 422,
  bad_description: 422,
  bad_edit_list: 422,
  bad_table: 422,
  bad_timescale: 422,
  description_too_large: 422,
  duplicate_box: 422,
  external_data: 422,
  file_unreadable: 422,
  idempotency_mismatch: 422,
  inconsistent_tables: 422,
  missing_box: 422,
  nested_too_deep: 422,
  no_media: 422,
  no_picture: 422,
  no_samples: 422,
  not_fragmented: 422,
  not_mp4: 422,
  out_of_memory: 422,
  outside_file: 422,
  part_too_large: 422,
  picture_failed: 422,
  segment_too_long: 422,
  time_out_of_bounds: 422,
  time_overflow: 422,
  too_many: 422,
  truncated: 422,
  unknown_track: 422,
  unsupported_version: 422,

  upload_busy: 423,

  not_over: 425,

  busy: 429,
  too_many_downloads: 429,
  too_many_plans: 429,
  too_many_sources: 429,
  too_many_events: 429,
  too_many_requests: 429,
  too_many_uploads: 429,

  client_gone: 499,

  bad_configuration: 500,
  bad_index: 500,
  cannot_listen: 500,
  catalog_newer: 500,
  catalog_unusable: 500,
  demo_failed: 500,
  internal: 500,
  recording_failed: 500,
  sqld_failed: 500,

  ffmpeg_missing: 501,
  not_available: 501,
  sqld_missing: 501,

  checksum_mismatch: 502,
  object_misplaced: 502,
  object_short: 502,
  source_ended: 502,
  source_failed: 502,

  catalog_busy: 503,
  catalog_unavailable: 503,
  credentials_unavailable: 503,
  index_missing: 503,
  keys_unavailable: 503,
  not_ready: 503,
  not_yet: 503,
  picture_timeout: 503,
  stopping: 503,
  store_failed: 503,

  source_silent: 504,

  store_full: 507,
} as const;

/** Stable name of an error in snake_case, for example `not_recorded`. */
export type ErrorCode = keyof typeof STATUSES;

/** The HTTP status of a reply that says the error, 400 to 599. */
export function statusOf({ code }: BoxcarError): (typeof STATUSES)[ErrorCode] {
  return STATUSES[code];
}
