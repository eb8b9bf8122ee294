; The installer for Windows: for one person, without an administrator.
; makensis -DVERSION=1.2.3 -DFILES=folder -DOUT=setup.exe setup.nsi
Target amd64-unicode
Unicode true
Name "CentralizedP2P"
OutFile "${OUT}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\CentralizedP2P"
SetCompressor /SOLID lzma
Icon "${FILES}\app.ico"
UninstallIcon "${FILES}\app.ico"
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "CentralizedP2P"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "CentralizedP2P setup"
VIAddVersionKey CompanyName "The CentralizedP2P authors"
VIAddVersionKey LegalCopyright "The CentralizedP2P authors, MIT licence"
LicenseData "${FILES}\LICENSE.txt"
Page license
Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\CentralizedP2P"
!define LINKS "Software\Classes\cp2p"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define ID "org.centralizedp2p.desktop"

; A program that runs cannot be replaced: its file opens for writing only once it has ended.
!macro NeedsTheEndOf un
Function ${un}NeedTheEnd
  again:
  IfFileExists "$INSTDIR\CentralizedP2P.exe" 0 ended
  ClearErrors
  FileOpen $0 "$INSTDIR\CentralizedP2P.exe" a
  IfErrors 0 close
    MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "CentralizedP2P is running. Quit it (in its menu File, Quit), then press Retry." /SD IDCANCEL IDRETRY again
    SetErrorLevel 2
    Quit
  close:
  FileClose $0
  ended:
FunctionEnd
!macroend
!insertmacro NeedsTheEndOf ""
!insertmacro NeedsTheEndOf "un."

Section
  Call NeedTheEnd
  SetOutPath "$INSTDIR"
  File "${FILES}\CentralizedP2P.exe"
  File "${FILES}\cp2p.exe"
  File "${FILES}\LICENSE.txt"
  File "${FILES}\LICENCES-OF-PARTS.txt"
  File "${FILES}\README.txt"
  File "${FILES}\cp2p-completion.ps1"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\CentralizedP2P.lnk" "$INSTDIR\CentralizedP2P.exe"
  WriteRegStr HKCU "${LINKS}" "" "URL:CentralizedP2P"
  WriteRegStr HKCU "${LINKS}" "URL Protocol" ""
  WriteRegStr HKCU "${LINKS}\shell\open\command" "" '"$INSTDIR\CentralizedP2P.exe" "%1"'
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "CentralizedP2P"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\CentralizedP2P.exe"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "The CentralizedP2P authors"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
SectionEnd

; The profile, in %AppData%\centralizedp2p, stays: it has the key that others know.
Section Uninstall
  Call un.NeedTheEnd
  Delete "$INSTDIR\CentralizedP2P.exe"
  Delete "$INSTDIR\cp2p.exe"
  Delete "$INSTDIR\LICENSE.txt"
  Delete "$INSTDIR\LICENCES-OF-PARTS.txt"
  Delete "$INSTDIR\README.txt"
  Delete "$INSTDIR\cp2p-completion.ps1"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\CentralizedP2P.lnk"
  DeleteRegKey HKCU "${LINKS}"
  DeleteRegValue HKCU "${RUN}" "${ID}"
  DeleteRegKey HKCU "${UNINSTALL}"
SectionEnd
