<?php
// Router for `php -S`: tells how PHP folded a request. Run by phpform_vectors.py.
//
// An array becomes a list of [key, value] pairs, so that order and empty arrays survive; every
// key and text is base64 of its bytes, since they need not be UTF-8.

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

header('Content-Type: application/json');
echo json_encode(['php' => PHP_VERSION, 'params' => pairs($_REQUEST)], JSON_THROW_ON_ERROR);
