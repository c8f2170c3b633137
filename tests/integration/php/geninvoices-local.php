<?php
$command = 'GenInvoices';
$postData = array(
);
$adminUsername = 'ADMIN_USERNAME'; // Optional for Denter 7.2 and later

$results = localAPI($command, $postData, $adminUsername);
print_r($results);
