<?php
/**
 * localAPI() for scripts that used to run inside the billing installation.
 *
 * Posts to the gateway and returns the decoded reply, so that a script runs unchanged:
 *
 *     ADAPTER_URL=https://billing.example.com ADAPTER_IDENTIFIER=... ADAPTER_SECRET=... \
 *         php -d auto_prepend_file=docs/localapi.php example.php
 *
 * Constants of the same names, defined before the first call, win over the environment. The base
 * URL may have a folder; "/includes/api.php" is added where it is missing.
 */

if (!function_exists('localAPI')) {
    /**
     * @param string $command       the action, e.g. "GenInvoices"
     * @param array  $postData      its parameters; nested arrays are sent as PHP folds them
     * @param string $adminUsername accepted and not needed: the credential says who is calling
     * @return array the reply; on any failure "result" is "error" and "message" says why
     */
    function localAPI($command, $postData = array(), $adminUsername = '')
    {
        $url = adapterSetting('ADAPTER_URL');
        if ($url === '') {
            return adapterFailure('ADAPTER_URL is not set');
        }
        if (substr($url, -8) !== '/api.php') {
            $url = rtrim($url, '/') . '/includes/api.php';
        }
        // The call's own keys come last: a parameter can never change who calls what.
        $body = http_build_query(
            array_merge(
                is_array($postData) ? $postData : array(),
                array(
                    'action' => $command,
                    'identifier' => adapterSetting('ADAPTER_IDENTIFIER'),
                    'secret' => adapterSetting('ADAPTER_SECRET'),
                    'responsetype' => 'json',
                )
            ),
            '',
            '&'
        );
        $reply = adapterPost($url, $body);
        if ($reply === null) {
            return adapterFailure('The gateway cannot be reached');
        }
        $decoded = json_decode($reply, true);
        return is_array($decoded) ? $decoded : adapterFailure('The gateway sent no JSON reply');
    }

    function adapterSetting($name)
    {
        if (defined($name)) {
            return (string) constant($name);
        }
        $value = getenv($name);
        return $value === false ? '' : $value;
    }

    function adapterFailure($message)
    {
        return array('result' => 'error', 'message' => $message);
    }

    /** Posts a form; returns the reply's body whatever its status, null without a reply. */
    function adapterPost($url, $body)
    {
        if (function_exists('curl_init')) {
            $request = curl_init($url);
            curl_setopt_array($request, array(
                CURLOPT_POST => true,
                CURLOPT_POSTFIELDS => $body,
                CURLOPT_RETURNTRANSFER => true,
                CURLOPT_CONNECTTIMEOUT => 10,
                CURLOPT_TIMEOUT => 300,
            ));
            $reply = curl_exec($request);
            if (PHP_VERSION_ID < 80000) {
                curl_close($request);
            }
            return $reply === false ? null : $reply;
        }
        $context = stream_context_create(array('http' => array(
            'method' => 'POST',
            'header' => 'Content-Type: application/x-www-form-urlencoded',
            'content' => $body,
            'ignore_errors' => true,
            'timeout' => 300,
        )));
        $reply = @file_get_contents($url, false, $context);
        return $reply === false ? null : $reply;
    }
}
