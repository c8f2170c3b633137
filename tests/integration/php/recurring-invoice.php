<?php
$param['username'] = '';
$param['password'] = '';
$param['ClientID'] = '';
$param['Recurrs'] = '';
$param['paused'] = '';
$param['limit_recurrances'] = '';
$param['recurrances_limit'] = '';
$param['add_increase'] = '';
$param['IncreasePercentage'] = '';
$param['IncreaseInterval'] = '';
$param['recurring_start_date'] = '';
$param['data'][0][0] = ''; //first product
$param['data'][0][1] = ''; 
$param['data'][0][2] = '';
$param['data'][0][3] = '';
$param['data'][0][4] = '';
$param['data'][0][5] = '';
$param['data'][0][6] = '';
$param['data'][0][7] = '';
$param['data'][1][0] = ''; //second product
$param['data'][1][1] = '';
$param['data'][1][2] = '';
$param['data'][1][3] = '';
$param['data'][1][4] = '';
$param['data'][1][5] = '';
$param['data'][1][6] = '';
$param['data'][1][7] = '';

	
$url = 'https://www.invoicesonline.co.za/api/GenerateNewRecurringInvoice.php?apiformat=json';
$ch = curl_init();
curl_setopt($ch, CURLOPT_URL, $url); //set the url
curl_setopt($ch, CURLOPT_RETURNTRANSFER, 1); //return as a variable
curl_setopt($ch, CURLOPT_POST, 1); //set POST method
curl_setopt($ch, CURLOPT_HTTPAUTH, CURLAUTH_ANY);
curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, false);
curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode($param)); //set the POST variables
$response = curl_exec($ch); //run the whole process and return the response
