<?php
// Answers each line of base64 with what parse_str makes of its bytes, as one line of JSON: ordered
// [key, value] pairs, keys and texts in base64.

function pairs(array $array): array
{
    $pairs = [];
    foreach ($array as $key => $value) {
        $pairs[] = [
            base64_encode((string) $key),
            is_array($value) ? pairs($value) : base64_encode($value),
        ];
    }
    return $pairs;
}

while (($line = fgets(STDIN)) !== false) {
    parse_str(base64_decode(trim($line)), $params);
    echo json_encode(pairs($params), JSON_THROW_ON_ERROR, 1024), "\n";
}
