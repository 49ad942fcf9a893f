package pkcs11

import "fmt"

// Error is a return value (CK_RV) other than CKR_OK, just as the module gave it.
type Error uint

// The return values that callers tell apart (PKCS#11 v2.40 section 5.1 and pkcs11t.h).
const (
	OK                      Error = 0x000
	ErrCancel               Error = 0x001
	ErrHostMemory           Error = 0x002
	ErrSlotIDInvalid        Error = 0x003
	ErrGeneral              Error = 0x005
	ErrFunctionFailed       Error = 0x006
	ErrArgumentsBad         Error = 0x007
	ErrCantLock             Error = 0x00A
	ErrAttributeSensitive   Error = 0x011
	ErrAttributeTypeInvalid Error = 0x012
	ErrDataInvalid          Error = 0x020
	ErrDataLenRange         Error = 0x021
	ErrDevice               Error = 0x030
	ErrDeviceMemory         Error = 0x031
	ErrDeviceRemoved        Error = 0x032
	ErrFunctionCanceled     Error = 0x050
	ErrFunctionNotSupported Error = 0x054
	ErrKeyHandleInvalid     Error = 0x060
	ErrKeyTypeInconsistent  Error = 0x063
	ErrKeyNotPermitted      Error = 0x068
	ErrMechanismInvalid     Error = 0x070
	ErrMechanismParam       Error = 0x071
	ErrObjectHandleInvalid  Error = 0x082
	ErrOperationActive      Error = 0x090
	ErrOperationNotInit     Error = 0x091
	ErrPINIncorrect         Error = 0x0A0
	ErrPINInvalid           Error = 0x0A1
	ErrPINLenRange          Error = 0x0A2
	ErrPINExpired           Error = 0x0A3
	ErrPINLocked            Error = 0x0A4
	ErrSessionClosed        Error = 0x0B0
	ErrSessionHandleInvalid Error = 0x0B3
	ErrTokenNotPresent      Error = 0x0E0
	ErrTokenNotRecognized   Error = 0x0E1
	ErrUserAlreadyLoggedIn  Error = 0x100
	ErrUserNotLoggedIn      Error = 0x101
	ErrUserPINNotInit       Error = 0x102
	ErrBufferTooSmall       Error = 0x150
	ErrCryptokiNotInit      Error = 0x190
	ErrCryptokiAlreadyInit  Error = 0x191
	ErrFunctionRejected     Error = 0x200
)

var errorNames = map[Error]string{
	OK:                      "CKR_OK",
	ErrCancel:               "CKR_CANCEL",
	ErrHostMemory:           "CKR_HOST_MEMORY",
	ErrSlotIDInvalid:        "CKR_SLOT_ID_INVALID",
	ErrGeneral:              "CKR_GENERAL_ERROR",
	ErrFunctionFailed:       "CKR_FUNCTION_FAILED",
	ErrArgumentsBad:         "CKR_ARGUMENTS_BAD",
	ErrCantLock:             "CKR_CANT_LOCK",
	ErrAttributeSensitive:   "CKR_ATTRIBUTE_SENSITIVE",
	ErrAttributeTypeInvalid: "CKR_ATTRIBUTE_TYPE_INVALID",
	ErrDataInvalid:          "CKR_DATA_INVALID",
	ErrDataLenRange:         "CKR_DATA_LEN_RANGE",
	ErrDevice:               "CKR_DEVICE_ERROR",
	ErrDeviceMemory:         "CKR_DEVICE_MEMORY",
	ErrDeviceRemoved:        "CKR_DEVICE_REMOVED",
	ErrFunctionCanceled:     "CKR_FUNCTION_CANCELED",
	ErrFunctionNotSupported: "CKR_FUNCTION_NOT_SUPPORTED",
	ErrKeyHandleInvalid:     "CKR_KEY_HANDLE_INVALID",
	ErrKeyTypeInconsistent:  "CKR_KEY_TYPE_INCONSISTENT",
	ErrKeyNotPermitted:      "CKR_KEY_FUNCTION_NOT_PERMITTED",
	ErrMechanismInvalid:     "CKR_MECHANISM_INVALID",
	ErrMechanismParam:       "CKR_MECHANISM_PARAM_INVALID",
	ErrObjectHandleInvalid:  "CKR_OBJECT_HANDLE_INVALID",
	ErrOperationActive:      "CKR_OPERATION_ACTIVE",
	ErrOperationNotInit:     "CKR_OPERATION_NOT_INITIALIZED",
	ErrPINIncorrect:         "CKR_PIN_INCORRECT",
	ErrPINInvalid:           "CKR_PIN_INVALID",
	ErrPINLenRange:          "CKR_PIN_LEN_RANGE",
	ErrPINExpired:           "CKR_PIN_EXPIRED",
	ErrPINLocked:            "CKR_PIN_LOCKED",
	ErrSessionClosed:        "CKR_SESSION_CLOSED",
	ErrSessionHandleInvalid: "CKR_SESSION_HANDLE_INVALID",
	ErrTokenNotPresent:      "CKR_TOKEN_NOT_PRESENT",
	ErrTokenNotRecognized:   "CKR_TOKEN_NOT_RECOGNIZED",
	ErrUserAlreadyLoggedIn:  "CKR_USER_ALREADY_LOGGED_IN",
	ErrUserNotLoggedIn:      "CKR_USER_NOT_LOGGED_IN",
	ErrUserPINNotInit:       "CKR_USER_PIN_NOT_INITIALIZED",
	ErrBufferTooSmall:       "CKR_BUFFER_TOO_SMALL",
	ErrCryptokiNotInit:      "CKR_CRYPTOKI_NOT_INITIALIZED",
	ErrCryptokiAlreadyInit:  "CKR_CRYPTOKI_ALREADY_INITIALIZED",
	ErrFunctionRejected:     "CKR_FUNCTION_REJECTED",
}

// Error gives the name of the standard, or the number where there is none.
func (e Error) Error() string {
	if name, ok := errorNames[e]; ok {
		return name
	}
	return fmt.Sprintf("CKR 0x%08X", uint(e))
}
