<?php
// Runs after an example, which keeps its reply to itself.
echo $response;
