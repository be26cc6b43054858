/* media_type.c - the media type of a file that is attached: by its name, else by its
 * first bytes. A short table of what people attach; the rest is octet-stream. */
#include <string.h>
#include "compose.h"

static const struct {
    const char *extension, *type;
} by_name[] = {
    {"txt", "text/plain"},       {"log", "text/plain"},       {"md", "text/markdown"},
    {"csv", "text/csv"},         {"patch", "text/x-patch"},   {"diff", "text/x-patch"},
    {"c", "text/x-csrc"},        {"h", "text/x-chdr"},        {"py", "text/x-python"},
    {"html", "text/html"},       {"htm", "text/html"},        {"css", "text/css"},
    {"ics", "text/calendar"},    {"vcf", "text/vcard"},       {"xml", "application/xml"},
    {"json", "application/json"}, {"pdf", "application/pdf"}, {"zip", "application/zip"},
    {"gz", "application/gzip"},  {"tgz", "application/gzip"}, {"bz2", "application/x-bzip2"},
    {"xz", "application/x-xz"},  {"zst", "application/zstd"}, {"7z", "application/x-7z-compressed"},
    {"tar", "application/x-tar"}, {"doc", "application/msword"},
    {"xls", "application/vnd.ms-excel"}, {"ppt", "application/vnd.ms-powerpoint"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"rtf", "application/rtf"},  {"epub", "application/epub+zip"}, {"png", "image/png"},
    {"jpg", "image/jpeg"},       {"jpeg", "image/jpeg"},      {"gif", "image/gif"},
    {"webp", "image/webp"},      {"svg", "image/svg+xml"},    {"heic", "image/heic"},
    {"tif", "image/tiff"},       {"tiff", "image/tiff"},      {"bmp", "image/bmp"},
    {"mp3", "audio/mpeg"},       {"ogg", "audio/ogg"},        {"opus", "audio/opus"},
    {"flac", "audio/flac"},      {"wav", "audio/x-wav"},      {"m4a", "audio/mp4"},
    {"mp4", "video/mp4"},        {"mkv", "video/x-matroska"}, {"webm", "video/webm"},
    {"mov", "video/quicktime"},  {"eml", "message/rfc822"},   {"asc", "application/pgp-keys"},
    {"sig", "application/pgp-signature"},
};

static const struct {
    const char *magic;
    gsize len;
    const char *type;
} by_content[] = {
    {"\x89PNG\r\n\x1a\n", 8, "image/png"}, {"\xff\xd8\xff", 3, "image/jpeg"},
    {"GIF8", 4, "image/gif"},              {"%PDF-", 5, "application/pdf"},
    {"PK\003\004", 4, "application/zip"},  {"\x1f\x8b", 2, "application/gzip"},
};

const char *media_type_guess(const char *name, Span content)
{
    const char *dot = strrchr(name, '.');
    for (gsize i = 0; dot && i < G_N_ELEMENTS(by_name); i++) {
        if (g_ascii_strcasecmp(dot + 1, by_name[i].extension) == 0)
            return by_name[i].type;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(by_content); i++) {
        if (content.len >= by_content[i].len &&
            memcmp(content.at, by_content[i].magic, by_content[i].len) == 0)
            return by_content[i].type;
    }
    if (content.len > 0 && g_utf8_validate_len(content.at, content.len, NULL))
        return "text/plain";
    return "application/octet-stream";
}
