/** The HTTP calls as `/openapi.json` describes them, written by `npm run client`. */
export interface paths {
    "/api/chat/getVideoScreenshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A picture of a video
         * @description Of an uploaded file or a recording no more is read than the samples the picture is decoded from, and no network is used. An MP4 of another host is read by ranges; its picture is kept in the store, which takes the scope `upload`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": {
                        /**
                         * @default png
                         * @enum {string}
                         */
                        format?: "jpg" | "jpeg" | "png";
                        /**
                         * @description A recording, instead of a URL.
                         * @example live/cam1
                         */
                        streamPath?: string;
                        /** @description Milliseconds from the start of the video; with streamPath, the wall-clock time. */
                        time?: string | number;
                        /**
                         * @description An uploaded file, a download, or an MP4 on another host.
                         * @example /files/images/20260131/1769860800250_0123456789ab.mp4
                         */
                        videoUrl?: string;
                        /** @description Pixels; the height follows. 0: as wide as the video. */
                        width?: number;
                    };
                    "application/x-www-form-urlencoded": {
                        /**
                         * @default png
                         * @enum {string}
                         */
                        format?: "jpg" | "jpeg" | "png";
                        /**
                         * @description A recording, instead of a URL.
                         * @example live/cam1
                         */
                        streamPath?: string;
                        /** @description Milliseconds from the start of the video; with streamPath, the wall-clock time. */
                        time?: string | number;
                        /**
                         * @description An uploaded file, a download, or an MP4 on another host.
                         * @example /files/images/20260131/1769860800250_0123456789ab.mp4
                         */
                        videoUrl?: string;
                        /** @description Pixels; the height follows. 0: as wide as the video. */
                        width?: number;
                    };
                    "multipart/form-data": {
                        /**
                         * @default png
                         * @enum {string}
                         */
                        format?: "jpg" | "jpeg" | "png";
                        /**
                         * @description A recording, instead of a URL.
                         * @example live/cam1
                         */
                        streamPath?: string;
                        /** @description Milliseconds from the start of the video; with streamPath, the wall-clock time. */
                        time?: string | number;
                        /**
                         * @description An uploaded file, a download, or an MP4 on another host.
                         * @example /files/images/20260131/1769860800250_0123456789ab.mp4
                         */
                        videoUrl?: string;
                        /** @description Pixels; the height follows. 0: as wide as the video. */
                        width?: number;
                    };
                };
            };
            responses: {
                /** @description The picture. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            data: {
                                /** @description A data URL: `data:image/png;base64,…`. */
                                base64: string;
                                /** @enum {string} */
                                format: "jpg" | "jpeg" | "png";
                                /** @description As it was asked for, milliseconds. */
                                time: number;
                                /** @description Where the picture is to be had. */
                                url: string;
                                /** @description Pixels. */
                                width: number;
                            };
                            /** @enum {string} */
                            msg: "ok";
                        };
                    };
                };
                /** @description Refused: `data` says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChatRefusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/groupQrcode/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The QR code by which a person or a group is found
         * @description With `type=H5` it holds the URL `http`, and `BOXCAR_CHAT_PAGE` unless it names a page behind `#`, with `id` and `chatType` in its query; otherwise the JSON `{id, name}`, which the app reads.
         */
        get: {
            parameters: {
                query?: {
                    chatType?: "single" | "group";
                    /** @description The page that `type=H5` opens. */
                    http?: string;
                    name?: string;
                    /** @description Pixels a side at most; whole pixels a module. */
                    size?: number;
                    /** @description A token, where no field can be sent. */
                    token?: string;
                    /** @description `H5`: a URL for browsers. */
                    type?: string;
                };
                header?: never;
                path: {
                    /** @description Of the person or the group. */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The QR code. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "image/png": string;
                        "image/svg+xml": string;
                    };
                };
                /** @description Refused: `data` says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChatRefusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/qrcode": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The QR code of a text */
        get: {
            parameters: {
                query: {
                    /** @description End of a signed link, in seconds since 1970. Only with `signature`. */
                    expires?: string;
                    /** @description Signature of a signed link. */
                    signature?: string;
                    /** @description Pixels a side at most; whole pixels a module. */
                    size?: number;
                    /** @description At most 2048 bytes of UTF-8. */
                    text: string;
                    type?: "png" | "svg";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The QR code. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "image/png": string;
                        "image/svg+xml": string;
                    };
                };
                /** @description Refused: `data` says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChatRefusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/upload/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What OSS calls after an upload by form
         * @description Signed by OSS. The file is looked at in the store; nothing the body says of it is believed but its name.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The file; or `pending`, when it is still being looked at. Then `/api/chat/upload/complete` waits for it. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            data: components["schemas"]["StoredFile"] | {
                                path: string;
                                /** @enum {boolean} */
                                pending: true;
                            };
                            /** @enum {string} */
                            msg: "ok";
                        };
                    };
                };
                /** @description Refused: `data` says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChatRefusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/upload/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take over a file that was sent to the store */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        path: string;
                    };
                };
            };
            responses: {
                /** @description The file. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            data: components["schemas"]["StoredFile"];
                            /** @enum {string} */
                            msg: "ok";
                        };
                    };
                };
                /** @description Refused: `data` says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChatRefusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/upload/presign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Announce a file that the client will send to the store itself */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        /** @example video/mp4 */
                        contentType: string;
                        /** @default 0 */
                        imageClassId?: number;
                        /**
                         * @description Bytes, exactly.
                         * @example 48213
                         */
                        size: number;
                    };
                };
            };
            responses: {
                /** @description Where to send it. Afterwards call /api/chat/upload/complete with `path`, unless OSS calls back. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            data: {
                                /** @description Seconds since 1970. */
                                expires: number;
                                /** @description The same as a form, where the store takes forms. */
                                form?: {
                                    /** @description Header fields of the PUT; fields of the form, which stand before its field `file`. Send them exactly so. */
                                    fields: {
                                        [key: string]: string;
                                    };
                                    /** @enum {string} */
                                    method: "GET" | "PUT" | "POST";
                                    url: string;
                                };
                                path: string;
                                put: {
                                    /** @description Header fields of the PUT; fields of the form, which stand before its field `file`. Send them exactly so. */
                                    fields: {
                                        [key: string]: string;
                                    };
                                    /** @enum {string} */
                                    method: "GET" | "PUT" | "POST";
                                    url: string;
                                };
                            };
                            /** @enum {string} */
                            msg: "ok";
                        };
                    };
                };
                /** @description Refused: `data` says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChatRefusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/uploadAliyun": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload files into the store
         * @description A form with up to 20 files in the field `img`. They pass through to the store; all of them are kept, or none. What a file is, is told from its bytes: images, audio, video, PDF and Office documents are taken.
         */
        post: {
            parameters: {
                query?: {
                    /** @description The front end's number for a group of files; may also stand in the form. */
                    imageClassId?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "multipart/form-data": {
                        image_class_id?: number;
                        imageClassId?: number;
                        /** Format: binary */
                        img: string;
                    };
                };
            };
            responses: {
                /** @description The files, in the order of the form. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            data: components["schemas"]["StoredFile"][];
                            /** @enum {string} */
                            msg: "ok";
                        };
                    };
                };
                /** @description Refused: `data` says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChatRefusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/uploadStreamSingleToServerDiy/{dir}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Upload a file onto this machine's disk, to be had under /public/uploads */
        post: {
            parameters: {
                query?: {
                    /** @description The front end's number for a group of files; may also stand in the form. */
                    imageClassId?: number;
                };
                header?: never;
                path: {
                    /** @description One of `BOXCAR_UPLOAD_FOLDERS`. */
                    dir: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "multipart/form-data": {
                        /** Format: binary */
                        file: string;
                        image_class_id?: number;
                        imageClassId?: number;
                    };
                };
            };
            responses: {
                /** @description The file. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            data: {
                                media?: components["schemas"]["UploadedMedia"];
                                url: string;
                            };
                            /** @enum {string} */
                            msg: "ok";
                        };
                    };
                };
                /** @description Refused: `data` says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChatRefusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin a resumable upload
         * @description The tus protocol 1.0.0: creation, creation-with-upload, expiration and termination.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    /** @description Bytes of the whole file. */
                    "upload-length": number;
                    /** @description `filename` and `imageClassId`, or, of a segment, `streamPath` and what its upload takes as parameters (`start`, `precision`, `tz`): names and values in base64, by tus. */
                    "upload-metadata"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Send the bytes to `Location`. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        delete?: never;
        /** What resumable uploads support */
        options: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description In header fields. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far a resumable upload is, and the file or the segment once it is finished
         * @description The tus protocol 1.0.0: creation, creation-with-upload, expiration and termination.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The upload. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: {
                                file: components["schemas"]["StoredFile"] | null;
                                length: number;
                                offset: number;
                                segment: components["schemas"]["Segment"] | null;
                            };
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        /**
         * The same as PATCH, from clients that have no PATCH
         * @description With the field `X-HTTP-Method-Override: PATCH`.
         */
        post: {
            parameters: {
                query?: never;
                header: {
                    "upload-offset": number;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The bytes are kept. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        /**
         * Give up a resumable upload
         * @description The tus protocol 1.0.0: creation, creation-with-upload, expiration and termination.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is gone. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Send bytes of a resumable upload
         * @description The tus protocol 1.0.0: creation, creation-with-upload, expiration and termination.
         */
        patch: {
            parameters: {
                query?: never;
                header: {
                    "upload-offset": number;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The bytes are kept. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/files/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An uploaded file */
        get: {
            parameters: {
                query?: {
                    /** @description End of a signed link, in seconds since 1970. Only with `signature`. */
                    expires?: string;
                    /** @description How long that link is valid. Default: 24h. */
                    lifetime?: string;
                    /** @description `1`: answer with a signed link to the same, and its QR code, as JSON. */
                    share?: "0" | "1";
                    /** @description Signature of a signed link. */
                    signature?: string;
                    /** @description A picture of a video, as Aliyun OSS makes it: `t`, `w`, `h`, `m_fast`, `f`, `ar`. */
                    "x-oss-process"?: string;
                };
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The file; with `share=1` a signed link to it. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "*/*": string;
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["SharedLink"];
                            message: string;
                        };
                    };
                };
                /** @description The ranges of it that were asked for. */
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "*/*": string;
                    };
                };
                /** @description The store itself makes the picture, there. */
                302: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The client has it already. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process answers, and what it can do */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It does. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: {
                                capabilities: components["schemas"]["Capabilities"];
                                /** @enum {string} */
                                runtime: "node" | "bun" | "deno" | "worker";
                            };
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/access": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the caller may do
         * @description For pages that offer no more than that. `admin` includes all other scopes.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Scopes, as a token has them: `read`, or for certain streams, `upload:live/*`. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: {
                                scopes: string[];
                            };
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/catalog": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is recorded, a stream a row */
        get: {
            parameters: {
                query?: {
                    pageNum?: number;
                    pageSize?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Streams with their totals, by path. `total` says how many there are: more than are listed need further pages. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: {
                                bytes: number;
                                /** @description Segments. */
                                count: number;
                                /**
                                 * Format: date-time
                                 * @description Exclusive.
                                 * @example 2026-01-31T12:00:00.000Z
                                 */
                                endTime: string;
                                /**
                                 * Format: date-time
                                 * @example 2026-01-31T12:00:00.000Z
                                 */
                                startTime: string;
                                streamPath: string;
                            }[];
                            message: string;
                            pageNum: number;
                            pageSize: number;
                            total: number;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/delete/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete segments
         * @description Deletes the segments named by `ids`, else every segment that lies as a whole in a time range with both ends. Segments of events rated `high` are protected and stay. The parameters may stand in the query or in a JSON body of any type.
         */
        post: {
            parameters: {
                query?: {
                    /** @description Length instead of an end: seconds, or with units (`500ms`, `1m30s`). */
                    duration?: string;
                    /** @description Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on. */
                    end?: string;
                    /** @description The same as `end`. */
                    endTime?: string;
                    /** @description In a query with commas between them. */
                    ids?: number[];
                    /** @description Only segments that lie in the time range as a whole (the default), or all that reach into it. */
                    match?: "contained" | "overlapping";
                    /** @description Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date. */
                    range?: string;
                    /** @description First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970. */
                    start?: string;
                    /** @description The same as `start`. */
                    startTime?: string;
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "*/*": {
                        /**
                         * @description Length instead of an end: seconds, or with units (`500ms`, `1m30s`).
                         * @example 5m
                         */
                        duration?: string;
                        /**
                         * @description Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on.
                         * @example 2026-01-31T12:05:00Z
                         */
                        end?: string;
                        /**
                         * @description The same as `end`.
                         * @example 2026-01-31T12:05:00Z
                         */
                        endTime?: string;
                        /** @description In a query with commas between them. */
                        ids?: number[];
                        /**
                         * @description Only segments that lie in the time range as a whole (the default), or all that reach into it.
                         * @enum {string}
                         */
                        match?: "contained" | "overlapping";
                        /**
                         * @description Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date.
                         * @example 2026-01-31T12:00:00~12:05:00
                         */
                        range?: string;
                        /**
                         * @description First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970.
                         * @example 2026-01-31T12:00:00Z
                         */
                        start?: string;
                        /**
                         * @description The same as `start`.
                         * @example 2026-01-31T12:00:00Z
                         */
                        startTime?: string;
                        /**
                         * @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one.
                         * @example Asia/Shanghai
                         */
                        tz?: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            responses: {
                /** @description What was deleted, and what was not because it is protected: the first 5000 of each. `total`: how many were deleted. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Segment"][];
                            message: string;
                            protected: components["schemas"]["Segment"][];
                            total: number;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/event/list/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the events of a stream, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description Length instead of an end: seconds, or with units (`500ms`, `1m30s`). */
                    duration?: string;
                    /** @description Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on. */
                    end?: string;
                    eventLevel?: "0" | "1" | "high" | "low";
                    pageNum?: number;
                    pageSize?: number;
                    /** @description Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date. */
                    range?: string;
                    /** @description First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970. */
                    start?: string;
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The events that reach into the time range, or all. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Event"][];
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/event/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Note an event, and record it
         * @description `data` is 0, as clients of other servers expect; `event` is what was noted.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "*/*": {
                        /**
                         * @description How long it goes on. Default: `BOXCAR_EVENT_AFTER`.
                         * @example 60s
                         */
                        afterDuration?: string | null;
                        /**
                         * @description How much before now belongs to it: seconds, or with units. Default: `BOXCAR_EVENT_BEFORE`.
                         * @example 30s
                         */
                        beforeDuration?: string | null;
                        /** @description More about it. */
                        eventDesc?: string | null;
                        /** @description Names it for whoever tells of it. */
                        eventId?: string | null;
                        /** @enum {string|null} */
                        eventLevel?: "0" | "1" | "high" | "low" | null;
                        /** @description What is shown of it. */
                        eventName?: string | null;
                        streamPath: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            responses: {
                /** @description It is noted. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            /** @enum {number} */
                            data: 0;
                            event: components["schemas"]["Event"];
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/event/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End events of a stream now */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "*/*": {
                        /** @description Only the event of this name. */
                        eventId?: string | null;
                        streamPath: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            responses: {
                /** @description Those that were going on; of very many the newest. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Event"][];
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is being recorded, and what was
         * @description Recordings of this server that run, then up to 100 that have ended, newest first.
         */
        get: {
            parameters: {
                query?: {
                    pageNum?: number;
                    pageSize?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The jobs. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Job"][];
                            message: string;
                            pageNum: number;
                            pageSize: number;
                            total: number;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List segments, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description Length instead of an end: seconds, or with units (`500ms`, `1m30s`). */
                    duration?: string;
                    /** @description Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on. */
                    end?: string;
                    eventLevel?: "0" | "1" | "high" | "low";
                    /** @description Segments that reach into the time range, or only those that lie in it as a whole. */
                    match?: "overlapping" | "contained";
                    pageNum?: number;
                    /** @description At most 1000: the reply says how many it went by. 0 is the default. */
                    pageSize?: number;
                    /** @description Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date. */
                    range?: string;
                    /** @description First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970. */
                    start?: string;
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The segments that overlap the time range, or all. `*` in the path stands for any characters. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Segment"][];
                            message: string;
                            pageNum: number;
                            pageSize: number;
                            total: number;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/list/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List segments, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description Length instead of an end: seconds, or with units (`500ms`, `1m30s`). */
                    duration?: string;
                    /** @description Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on. */
                    end?: string;
                    eventLevel?: "0" | "1" | "high" | "low";
                    /** @description Segments that reach into the time range, or only those that lie in it as a whole. */
                    match?: "overlapping" | "contained";
                    pageNum?: number;
                    /** @description At most 1000: the reply says how many it went by. 0 is the default. */
                    pageSize?: number;
                    /** @description Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date. */
                    range?: string;
                    /** @description First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970. */
                    start?: string;
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The segments that overlap the time range, or all. `*` in the path stands for any characters. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Segment"][];
                            message: string;
                            pageNum: number;
                            pageSize: number;
                            total: number;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/segments/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Upload one recorded segment
         * @description The body is the MP4 file itself, progressive or fragmented. It is indexed and stored as it arrives. Repeating an upload with the same `Idempotency-Key` by the same caller answers as the first one did.
         */
        put: {
            parameters: {
                query?: {
                    /** @description How far the start may be off either way, at most a minute: seconds, or with units (`40ms`, `1s`), `0` for exact. Segments that follow one another within it are joined exactly. Default: a second for seconds since 1970 and for what files state in whole seconds, else 0. */
                    precision?: string;
                    /** @description When the recording starts. Default: as the file states it; `startSource` of the reply says by what. */
                    start?: string;
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                };
                header?: {
                    "idempotency-key"?: string;
                };
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "video/mp4": string;
                };
            };
            responses: {
                /** @description The segment is stored and can be downloaded. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Segment"] & {
                                /**
                                 * @description Where the start was taken from: the request, or what the file states: `com.apple.quicktime.creationdate`, MediaMTX's `mtxi`, or the creation time of `mvhd` (on Android the end, on a GoPro local time). Absent when the segment was there already.
                                 * @enum {string}
                                 */
                                startSource?: "request" | "name" | "quicktime" | "mediamtx" | "mvhd" | "mvhd_end" | "mvhd_local";
                                warnings: string[];
                            };
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/segments/confirm/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm a segment that was uploaded to the store itself
         * @description The object is compared with what was announced, indexed by a few ranged reads, and becomes a segment.
         */
        post: {
            parameters: {
                query: {
                    /** @description The ETag that the store answered the upload with, to be compared. */
                    etag?: string;
                    /** @description As the begun upload was named. */
                    id: number;
                    /** @description How far the start may be off either way, at most a minute: seconds, or with units (`40ms`, `1s`), `0` for exact. Segments that follow one another within it are joined exactly. Default: a second for seconds since 1970 and for what files state in whole seconds, else 0. */
                    precision?: string;
                    /** @description When the recording starts. Default: as the file states it; `startSource` of the reply says by what. */
                    start?: string;
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The segment can be downloaded. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Segment"] & {
                                /**
                                 * @description Where the start was taken from: the request, or what the file states: `com.apple.quicktime.creationdate`, MediaMTX's `mtxi`, or the creation time of `mvhd` (on Android the end, on a GoPro local time). Absent when the segment was there already.
                                 * @enum {string}
                                 */
                                startSource?: "request" | "name" | "quicktime" | "mediamtx" | "mvhd" | "mvhd_end" | "mvhd_local";
                                warnings: string[];
                            };
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/segments/presign/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin the upload of a segment to the store itself
         * @description Gives a signed request with which the client writes the file to the store; its bytes do not pass this server. It exists as a segment once it is confirmed.
         */
        post: {
            parameters: {
                query: {
                    /** @description Seconds until the request is no longer taken. Default: 900. */
                    expires?: number;
                    /** @description Bytes of the file. The store takes no other size. */
                    size: number;
                };
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The request to send to the store. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["SignedUpload"];
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where streams come from
         * @description The sources of all streams that the caller may record, ordered by stream path. `total` says how many there are: more than are listed need further pages.
         */
        get: {
            parameters: {
                query?: {
                    pageNum?: number;
                    pageSize?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The sources. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Source"][];
                            message: string;
                            pageNum: number;
                            pageSize: number;
                            total: number;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/sources/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a stream comes from */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The source. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Source"];
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        /**
         * Set where a stream comes from
         * @description A source of mode `auto` is recorded from then on, also after a restart. `retention` removes segments: it needs the scope `delete`, too.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "*/*": {
                        /**
                         * @description How long a segment should last.
                         * @example 60s
                         */
                        fragment?: string | null;
                        labels?: {
                            [key: string]: string;
                        };
                        /**
                         * @description `auto`: always recorded; `demand`: when that is asked for; `event`: when an event begins.
                         * @default demand
                         * @enum {string}
                         */
                        mode?: "auto" | "demand" | "event";
                        /** @description When segments are removed, the oldest first. */
                        retention?: {
                            /**
                             * @description Age at which segments are removed.
                             * @example 720h
                             */
                            age?: string | null;
                            bytes?: number;
                            /**
                             * @description How long events of level `high` protect their segments. Default: for ever.
                             * @example 8760h
                             */
                            protected?: string | null;
                        };
                        /** @example rtsp://user:password@192.168.1.20/stream1 */
                        url: string;
                    };
                };
            };
            responses: {
                /** @description The source. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Source"];
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        post?: never;
        /**
         * Forget where a stream comes from
         * @description Its recording ends; what is recorded stays.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The source. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Source"];
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/start/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record a stream from its source
         * @description Answers once the first part is recorded. `data` is the id of the job. `fragment` and `filePath` may stand in the query, too.
         */
        post: {
            parameters: {
                query?: {
                    /** @description Folder below `segments/` for the keys of its objects. `.`: none. */
                    filePath?: string;
                    /** @description How long a segment should last: seconds, or with units. Default: `BOXCAR_FRAGMENT`. */
                    fragment?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "*/*": {
                        /**
                         * @description Taken, and of no effect: names are made by the server.
                         * @example x
                         */
                        fileName?: string;
                        /**
                         * @description Folder below `segments/` for the keys of its objects. `.`: none.
                         * @example cameras/front
                         */
                        filePath?: string;
                        /**
                         * @description How long a segment should last: seconds, or with units. Default: `BOXCAR_FRAGMENT`.
                         * @example 60s
                         */
                        fragment?: string | null;
                        /**
                         * @description URL of the source, when none is set.
                         * @example rtsp://192.168.1.20/stream1
                         */
                        source?: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            responses: {
                /** @description It is being recorded. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: string;
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/stop/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop recording a stream
         * @description What has come by then is kept. A source of mode `auto` stays stopped until it is started, or set anew. `data` is the id of the job, `"0"` when nothing is being recorded.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It is stopped. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: string;
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/api/timeline/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a download of a time range would hold */
        get: {
            parameters: {
                query?: {
                    /** @description Put changed parameter sets in-band, or into further sample descriptions (`entries`). */
                    changes?: "inband" | "entries";
                    /** @description Start exactly at the start (`frame`), or at the sync sample at or before it (`keyframe`). */
                    cut?: "frame" | "keyframe";
                    /** @description Length instead of an end: seconds, or with units (`500ms`, `1m30s`). */
                    duration?: string;
                    /** @description Hide what is only decoded by edit lists (`list`), or do without (`none`): for players by Media Source Extensions, which then start at 0 and show all of the cut. */
                    edits?: "list" | "none";
                    /** @description Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on. */
                    end?: string;
                    /** @description End of a signed link, in seconds since 1970. Only with `signature`. */
                    expires?: string;
                    /** @description Close gaps (`skip`), or hold the last frame for their length (`keep`). */
                    gaps?: "skip" | "keep";
                    /** @description How long that link is valid. Default: 24h. */
                    lifetime?: string;
                    /** @description Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date. */
                    range?: string;
                    /** @description `1`: answer with a signed link to the same, and its QR code, as JSON. */
                    share?: "0" | "1";
                    /** @description Signature of a signed link. */
                    signature?: string;
                    /** @description Keep the sound in step by silent samples where it is missing (`keep`), or leave such holes (`none`). */
                    sound?: "keep" | "none";
                    /** @description First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970. */
                    start?: string;
                    /** @description Name of the sample entries of H.265; default: as recorded. Apple's players want `hvc1`. */
                    tag?: "hvc1" | "hev1";
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Coverage, gaps, joints, codecs and exact sizes. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: {
                                codecs: string;
                                coverage: {
                                    /**
                                     * Format: date-time
                                     * @description Exclusive.
                                     * @example 2026-01-31T12:00:00.000Z
                                     */
                                    endTime: string;
                                    /**
                                     * Format: date-time
                                     * @example 2026-01-31T12:00:00.000Z
                                     */
                                    startTime: string;
                                }[];
                                /**
                                 * Format: date-time
                                 * @description Exclusive.
                                 * @example 2026-01-31T12:00:00.000Z
                                 */
                                endTime: string;
                                /** @description The last 1000 that reach into the range, or, of long texts, those of the last million characters. */
                                events: components["schemas"]["Event"][];
                                gaps: {
                                    /**
                                     * Format: date-time
                                     * @description Exclusive.
                                     * @example 2026-01-31T12:00:00.000Z
                                     */
                                    endTime: string;
                                    /**
                                     * Format: date-time
                                     * @example 2026-01-31T12:00:00.000Z
                                     */
                                    startTime: string;
                                }[];
                                joints: number;
                                /**
                                 * Format: date-time
                                 * @description Where `gaps` and `coverage` end: before `endTime` when one of them would have more than 5000 intervals. Ask again from there.
                                 */
                                listedUntil: string;
                                segments: number;
                                /** @description Bytes of the download in each format. */
                                size: {
                                    fmp4: number;
                                    mp4: number;
                                };
                                /**
                                 * Format: date-time
                                 * @example 2026-01-31T12:00:00.000Z
                                 */
                                startTime: string;
                                streamPath: string;
                            } | components["schemas"]["SharedLink"];
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/dash/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream a time range by DASH
         * @description `{streamPath}/manifest.mpd` is the manifest of a range. It names the init and media segments that HLS has, with picture and sound apart; each stretch without a gap or change is a period. That of a stream that is being recorded is dynamic.
         */
        get: {
            parameters: {
                query?: {
                    /** @description `clock`: captions (WebVTT) that tell the wall-clock time of each second, in `tz`. */
                    captions?: "none" | "clock";
                    /** @description Length instead of an end: seconds, or with units (`500ms`, `1m30s`). */
                    duration?: string;
                    /** @description Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on. */
                    end?: string;
                    /** @description End of a signed link, in seconds since 1970. Only with `signature`. */
                    expires?: string;
                    /** @description Close gaps (`skip`), or give them their time: `EXT-X-GAP` in HLS, nothing in the timeline of DASH (`keep`). */
                    gaps?: "skip" | "keep";
                    /** @description `low`: what is being recorded as it comes: Partial Segments of half a second, and blocking reloads (Low-Latency HLS); the media segment that grows (DASH). */
                    latency?: "low" | "usual";
                    /** @description How long that link is valid. Default: 24h. */
                    lifetime?: string;
                    /** @description Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date. */
                    range?: string;
                    /** @description What a media segment lasts about, 2s to 20s: whole groups of pictures. Default 6s. */
                    segment?: string;
                    /** @description `1`: answer with a signed link to the same, and its QR code, as JSON. */
                    share?: "0" | "1";
                    /** @description Signature of a signed link. */
                    signature?: string;
                    /** @description First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970. */
                    start?: string;
                    /** @description Picture and sound (`split`), or one of them. */
                    tracks?: "split" | "video" | "audio";
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                    /** @description Instead of times: the newest media segments, 20s to 86400s of them, of a stream that is being recorded. */
                    window?: string;
                };
                header?: never;
                path: {
                    /** @description Stream path and `manifest.mpd`. */
                    file: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The manifest; with `share=1` a signed link to it. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/dash+xml": string;
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["SharedLink"];
                            message: string;
                        };
                    };
                };
                /** @description The client has it already. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/download/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download a time range, or one segment, as one MP4
         * @description The length is exact and the ETag strong, so downloads resume at any byte. `Boxcar-Start` and `Boxcar-End` state the wall-clock time that is delivered, `Boxcar-Joints` and `Boxcar-Gaps` how many joints and gaps it has, `Boxcar-Changes` how changed parameters of the picture are told in it: `inband` or `entries`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description `clock`: add a text track that tells the wall-clock time, in `tz`, every second. */
                    captions?: "none" | "clock";
                    /** @description Put changed parameter sets in-band, or into further sample descriptions (`entries`). */
                    changes?: "inband" | "entries";
                    /** @description `1`: write a chapter, titled with its wall-clock time in `tz`, for each stretch without gaps; `events`: for each event of the range, titled with its name. */
                    chapters?: "0" | "1" | "events";
                    /** @description Start exactly at the start (`frame`), or at the sync sample at or before it (`keyframe`). */
                    cut?: "frame" | "keyframe";
                    /** @description Length instead of an end: seconds, or with units (`500ms`, `1m30s`). */
                    duration?: string;
                    /** @description Hide what is only decoded by edit lists (`list`), or do without (`none`): for players by Media Source Extensions, which then start at 0 and show all of the cut. */
                    edits?: "list" | "none";
                    /** @description Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on. */
                    end?: string;
                    /** @description The time of an event, by its `id` (not its `eventId`), instead of a time range. */
                    event?: number;
                    /** @description End of a signed link, in seconds since 1970. Only with `signature`. */
                    expires?: string;
                    /** @description Name under which browsers save the download. */
                    filename?: string;
                    /** @description Close gaps (`skip`), or hold the last frame for their length (`keep`). */
                    gaps?: "skip" | "keep";
                    /** @description One whole segment, instead of a time range. */
                    id?: number;
                    /** @description `1`: show instead of save. */
                    inline?: "0" | "1";
                    /** @description How long that link is valid. Default: 24h. */
                    lifetime?: string;
                    /** @description `1`: of a range that ends in the future, while it is being recorded, what there is. Else it is refused with 425. */
                    partial?: "0" | "1";
                    /** @description Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date. */
                    range?: string;
                    /** @description `1`: answer with a signed link to the same, and its QR code, as JSON. */
                    share?: "0" | "1";
                    /** @description Signature of a signed link. */
                    signature?: string;
                    /** @description Keep the sound in step by silent samples where it is missing (`keep`), or leave such holes (`none`). */
                    sound?: "keep" | "none";
                    /** @description First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970. */
                    start?: string;
                    /** @description Name of the sample entries of H.265; default: as recorded. Apple's players want `hvc1`. */
                    tag?: "hvc1" | "hev1";
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                };
                header?: never;
                path: {
                    /** @description Stream path and format: `.mp4` progressive (also without it), `.fmp4` fragmented. */
                    file: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The media; with `share=1` a signed link to it. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["SharedLink"];
                            message: string;
                        };
                        "video/mp4": string;
                    };
                };
                /** @description The ranges of it that were asked for. */
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "multipart/byteranges": string;
                        "video/mp4": string;
                    };
                };
                /** @description The client has it already. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/hls/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream a time range by HLS
         * @description `{streamPath}/index.m3u8` is the multivariant playlist of a range. It names media playlists, which name init and media segments; their URLs do not depend on the range, so that overlapping ranges share them. Media times count from 1970.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The reply waits until a playlist that grows has this media segment (RFC 8216bis section 6.2.5.2). */
                    _HLS_msn?: number;
                    /** @description With `_HLS_msn`: this Partial Segment of it. */
                    _HLS_part?: number;
                    /** @description Of a playlist that grows, only what is newer than its skip boundary (RFC 8216bis section 6.2.5.1). */
                    _HLS_skip?: "YES" | "v2";
                    /** @description `clock`: captions (WebVTT) that tell the wall-clock time of each second, in `tz`. */
                    captions?: "none" | "clock";
                    /** @description Length instead of an end: seconds, or with units (`500ms`, `1m30s`). */
                    duration?: string;
                    /** @description Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on. */
                    end?: string;
                    /** @description End of a signed link, in seconds since 1970. Only with `signature`. */
                    expires?: string;
                    /** @description Close gaps (`skip`), or give them their time: `EXT-X-GAP` in HLS, nothing in the timeline of DASH (`keep`). */
                    gaps?: "skip" | "keep";
                    /** @description `low`: what is being recorded as it comes: Partial Segments of half a second, and blocking reloads (Low-Latency HLS); the media segment that grows (DASH). */
                    latency?: "low" | "usual";
                    /** @description How long that link is valid. Default: 24h. */
                    lifetime?: string;
                    /** @description Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date. */
                    range?: string;
                    /** @description What a media segment lasts about, 2s to 20s: whole groups of pictures. Default 6s. */
                    segment?: string;
                    /** @description `1`: answer with a signed link to the same, and its QR code, as JSON. */
                    share?: "0" | "1";
                    /** @description Signature of a signed link. */
                    signature?: string;
                    /** @description First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970. */
                    start?: string;
                    /** @description Sound as a rendition of its own (`split`), picture and sound together (`muxed`), or one of them. */
                    tracks?: "split" | "muxed" | "video" | "audio";
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                    /** @description Instead of times: the newest media segments, 20s to 86400s of them, of a stream that is being recorded. */
                    window?: string;
                };
                header?: never;
                path: {
                    /** @description Stream path and `index.m3u8`, or a file that a playlist names. */
                    file: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A playlist, or an init or media segment; with `share=1` a signed link to the playlist. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["SharedLink"];
                            message: string;
                        };
                        "application/vnd.apple.mpegurl": string;
                        "audio/mp4": string;
                        "text/vtt": string;
                        "video/mp4": string;
                    };
                };
                /** @description The ranges of it that were asked for. */
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The client has it already. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/live/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a stream while it is recorded
         * @description Fragmented MP4 without an end, from the newest sync sample on, each part as soon as it is safe; it ends with the recording, or where its codecs change. Who reads slower than it is recorded, and is 10 s behind, is taken to the newest sync sample. `X-Start-Time` has the moment of time 0.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Picture and sound (`all`), or one of them. */
                    tracks?: "all" | "video" | "audio";
                };
                header?: never;
                path: {
                    /** @description Stream path and `.mp4`. */
                    file: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The stream. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "video/mp4": string;
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/live/{streamPath}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record a stream that the client sends
         * @description The body is fragmented MP4, for as long as the client sends. Each part (`moof` and `mdat`) is safe on disk once it has come as a whole; the answer comes when the body ends, and the store has it, or 30 seconds later: `keeping` says how many segments are on their way there.
         */
        post: {
            parameters: {
                query?: {
                    /** @description How long a segment should last: seconds, or with units. Default: `BOXCAR_FRAGMENT`. */
                    fragment?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the recording, with slashes. */
                    streamPath: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "video/mp4": string;
                };
            };
            responses: {
                /** @description The stream has ended and is recorded. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["Job"];
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/snapshot/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A picture of a recording
         * @description `Boxcar-Time` says since when the picture was shown. Only the samples it is decoded from are read.
         */
        get: {
            parameters: {
                query?: {
                    /** @description End of a signed link, in seconds since 1970. Only with `signature`. */
                    expires?: string;
                    /** @description How long that link is valid. Default: 24h. */
                    lifetime?: string;
                    /** @description The picture shown at the moment, or the sync sample at or before it, which costs less. */
                    seek?: "exact" | "keyframe";
                    /** @description `1`: answer with a signed link to the same, and its QR code, as JSON. */
                    share?: "0" | "1";
                    /** @description Signature of a signed link. */
                    signature?: string;
                    /** @description The moment. Default: the newest recorded picture. */
                    time?: string;
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                    /** @description Pixels; the height follows. Default: as recorded. */
                    width?: number;
                };
                header?: never;
                path: {
                    /** @description Stream path and format: `.jpg` or `.png`. */
                    file: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The picture. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["SharedLink"];
                            message: string;
                        };
                        "image/jpeg": string;
                        "image/png": string;
                    };
                };
                /** @description The client has it already. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mp4/sprite/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Small pictures of a time range, for scrubbing
         * @description `.vtt` is a storyboard as WebVTT thumbnails, `.jpg` one of the sheets it names, of up to 100 pictures. Its times are those of the download with the same range and `gaps`. Each picture is the sync sample at or before its moment.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Length instead of an end: seconds, or with units (`500ms`, `1m30s`). */
                    duration?: string;
                    /** @description Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on. */
                    end?: string;
                    /** @description End of a signed link, in seconds since 1970. Only with `signature`. */
                    expires?: string;
                    gaps?: "skip" | "keep";
                    /** @description Time from picture to picture, at least 1s. Default: so that one sheet holds all. */
                    interval?: string;
                    /** @description How long that link is valid. Default: 24h. */
                    lifetime?: string;
                    /** @description Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date. */
                    range?: string;
                    /** @description `1`: answer with a signed link to the same, and its QR code, as JSON. */
                    share?: "0" | "1";
                    /** @description Number of the sheet. */
                    sheet?: number;
                    /** @description Signature of a signed link. */
                    signature?: string;
                    /** @description First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970. */
                    start?: string;
                    /** @description Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one. */
                    tz?: string;
                    /** @description Pixels of one picture; rounded to even. */
                    width?: number;
                };
                header?: never;
                path: {
                    /** @description Stream path and format: `.vtt` or `.jpg`. */
                    file: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The storyboard, or a sheet. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["SharedLink"];
                            message: string;
                        };
                        "image/jpeg": string;
                        "text/vtt": string;
                    };
                };
                /** @description The client has it already. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/public/uploads/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An uploaded file on this machine's disk */
        get: {
            parameters: {
                query?: {
                    /** @description End of a signed link, in seconds since 1970. Only with `signature`. */
                    expires?: string;
                    /** @description How long that link is valid. Default: 24h. */
                    lifetime?: string;
                    /** @description `1`: answer with a signed link to the same, and its QR code, as JSON. */
                    share?: "0" | "1";
                    /** @description Signature of a signed link. */
                    signature?: string;
                    /** @description A picture of a video, as Aliyun OSS makes it: `t`, `w`, `h`, `m_fast`, `f`, `ar`. */
                    "x-oss-process"?: string;
                };
                header?: never;
                path: {
                    key: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The file; with `share=1` a signed link to it. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "*/*": string;
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: components["schemas"]["SharedLink"];
                            message: string;
                        };
                    };
                };
                /** @description The ranges of it that were asked for. */
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "*/*": string;
                    };
                };
                /** @description The store itself makes the picture, there. */
                302: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description The client has it already. */
                304: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether catalog and store answer */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Both do. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 0;
                            data: null;
                            message: string;
                        };
                    };
                };
                /** @description Refused: the reply says why and what to do. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Refusal"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Capabilities: {
            /** @description Uploads may go to the store itself, by presigned requests. */
            directUpload: boolean;
            /** @description Pictures of videos: snapshots, sprites, screenshots. */
            pictures: boolean;
            /** @description Files may be uploaded to this machine's disk. */
            publicFiles: boolean;
            /** @description Live streams may be recorded. */
            recording: boolean;
            /** @description Screenshots of videos on other hosts. */
            remoteVideos: boolean;
        };
        ChatRefusal: {
            data: string;
            /** @enum {string} */
            msg: "fail";
        };
        Event: {
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description Exclusive.
             */
            endTime: string;
            eventDesc: string;
            eventId: string;
            /** @enum {string} */
            eventLevel: "high" | "low";
            eventName: string;
            id: number;
            /** Format: date-time */
            startTime: string;
            streamPath: string;
        };
        Job: {
            /** @description Bits a second, over the last ten seconds of media. */
            bitrate: number;
            /** @description Received. */
            bytes: number;
            connections: number;
            /** @description By how much the recording's time lags behind the clock's; negative: it is ahead. */
            driftMs: number | null;
            /** @description Parts that came and could not be written, such as to a full disk, and RTP packets that a server left out. */
            dropped: number;
            /** Format: date-time */
            endTime: string | null;
            fragmentMs: number;
            /** @description Pictures a second, over the last ten seconds of media. */
            frameRate: number;
            /**
             * @description Opaque.
             * @example 620417388513064321
             */
            id: string;
            /** @description Segments that are whole and on their way into the store. */
            keeping: number;
            /**
             * Format: date-time
             * @description When the last sync sample was captured.
             */
            lastSyncTime: string | null;
            /** @description Why it failed, or waits. */
            reason: {
                error: string;
                message: string;
            } | null;
            /** @description Begun. */
            segments: number;
            /** @description Segments that were refused for good, and lie in `spool/refused`. */
            setAside: number;
            /** @description While segments wait for the store: how long the spool still has room for all that is recorded here. */
            spoolSeconds: number | null;
            /** Format: date-time */
            startTime: string;
            /**
             * @description `waiting`: the source was lost, and will be connected again; `standby`: it is watched, and recorded when an event begins.
             * @enum {string}
             */
            state: "connecting" | "standby" | "recording" | "waiting" | "ended" | "failed";
            /** @example live/cam1 */
            streamPath: string;
        };
        Refusal: {
            /**
             * @description The HTTP status.
             * @example 404
             */
            code: number;
            /** @example not_recorded */
            error: string;
            message: string;
        } & {
            [key: string]: unknown;
        };
        Segment: {
            /**
             * @description Empty without sound.
             * @example aac
             */
            audioCodec: string;
            /**
             * @description RFC 6381.
             * @example avc1.64001f,mp4a.40.2
             */
            codecs: string;
            /**
             * Format: date-time
             * @description When the segment was taken in.
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            /** @description Milliseconds, as `durationMs`. */
            duration: number;
            durationMs: number;
            /**
             * Format: date-time
             * @description Exclusive.
             * @example 2026-01-31T12:00:00.000Z
             */
            endTime: string;
            /** @enum {string|null} */
            eventLevel: "high" | "low" | null;
            /** @description Last part of the key. */
            filename: string;
            /**
             * @description Key in the store.
             * @example segments/live/cam1/….mp4
             */
            filePath: string;
            id: number;
            /**
             * @description It is being recorded: this is what there is of it.
             * @enum {boolean}
             */
            recording?: true;
            /** @description Bytes. */
            size: number;
            /**
             * Format: date-time
             * @example 2026-01-31T12:00:00.000Z
             */
            startTime: string;
            /** @example live/cam1 */
            streamPath: string;
            /** @enum {string} */
            type: "mp4" | "fmp4";
            /** @description Where the segment is downloaded as it is stored. */
            url: string;
            /**
             * @description Empty without video.
             * @example h264
             */
            videoCodec: string;
            /** @description What was repaired or is doubtful, and what of it cannot be shown. Absent when there is nothing to say. */
            warnings?: string[];
        };
        SharedLink: {
            /** Format: date-time */
            expires: string;
            /** @description A signed link to the QR code of `url`, as PNG; null when `url` is longer than a code holds. */
            qr: string | null;
            /** @description The same as SVG, for print. */
            qrSvg: string | null;
            /** @description The link, absolute. */
            url: string;
        };
        SignedUpload: {
            /** @description Where the upload is confirmed once the store has answered. */
            confirmUrl: string;
            /** Format: date-time */
            expireTime: string;
            /** @description Must be sent exactly so. */
            headers: {
                [key: string]: string;
            };
            /** @description Names the upload when it is confirmed. */
            id: number;
            /** @enum {string} */
            method: "GET" | "PUT" | "POST";
            /** @description In the store, not on this server. */
            url: string;
        };
        Source: {
            fragment: string | null;
            labels: {
                [key: string]: string;
            };
            /** @enum {string} */
            mode: "auto" | "demand" | "event";
            retention: {
                age: string | null;
                bytes: number | null;
                protected: string | null;
            };
            /** @description Whether one of mode `auto` was stopped. */
            stopped: boolean;
            streamPath: string;
            /** @description Without user, password and the values of its query. */
            url: string;
        };
        StoredFile: {
            /** @description The first picture of a video. */
            cover?: string;
            /** @description Seconds since 1970. */
            create_time: number;
            image_class_id: number;
            media?: components["schemas"]["UploadedMedia"];
            /** @example images/20260131/1769860800250_0123456789ab.png */
            path: string;
            url: string;
        };
        /** @description What an MP4 is made of. */
        UploadedMedia: {
            /**
             * @description RFC 6381.
             * @example avc1.64001f,mp4a.40.2
             */
            codecs: string;
            /**
             * @description Seconds.
             * @example 12.48
             */
            duration: number;
            height: number;
            /** @description Pixels as presented, 0 without video. */
            width: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
