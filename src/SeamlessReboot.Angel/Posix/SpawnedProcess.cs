using System.Runtime.InteropServices;
using Mono.Unix.Native;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Posix;

/// <summary>Starts this program anew in a session of its own. fork, which a daemon usually begins with, crashes the runtime.</summary>
internal static unsafe class SpawnedProcess
{
    // More than the structures have in glibc and musl.
    private const int StructureSize = 1024, SignalSetSize = 128;
    private const short SetDefaultSignals = 0x04, SetMask = 0x08, SetSession = 0x80; // POSIX_SPAWN_*

    /// <param name="path">The program.</param>
    /// <param name="arguments">The program's name first.</param>
    /// <param name="environment">NAME=VALUE each.</param>
    /// <param name="descriptors">The new process's descriptors 0, 1, 2...; it gets no others.</param>
    /// <returns>Its number.</returns>
    /// <exception cref="SyscallException">It could not be started.</exception>
    internal static int StartInNewSession(string path, IReadOnlyList<byte[]> arguments, IReadOnlyList<byte[]> environment, IReadOnlyList<int> descriptors)
    {
        byte* actions = Zeroed(StructureSize), attributes = Zeroed(StructureSize), none = Zeroed(SignalSetSize), all = Zeroed(SignalSetSize);
        byte** argv = CStrings.MakeVector(arguments), envp = CStrings.MakeVector(environment);
        byte* program = CStrings.Make(path);
        List<int> copies = [];
        try
        {
            NativeMemory.Fill(all, SignalSetSize, 0xFF);
            _ = AngelLibc.FileActionsInit(actions);
            _ = AngelLibc.SpawnAttributesInit(attributes);
            // Beyond every target number, so that no dup2 overwrites what a later one needs, and never onto itself: that would leave close-on-exec set.
            foreach (int descriptor in descriptors)
                copies.Add(CopyBeyond(descriptor, descriptors.Count));
            for (int target = 0; target < copies.Count; target++)
                Check(AngelLibc.FileActionsAddDup2(actions, copies[target], target), "posix_spawn_file_actions_adddup2");
            Check(AngelLibc.SpawnAttributesSetFlags(attributes, SetDefaultSignals | SetMask | SetSession), "posix_spawnattr_setflags");
            Check(AngelLibc.SpawnAttributesSetMask(attributes, (ulong*)none), "posix_spawnattr_setsigmask");
            Check(AngelLibc.SpawnAttributesSetDefault(attributes, (ulong*)all), "posix_spawnattr_setsigdefault");
            if (!Fd.TrySetCloseOnExecFrom(3))
                foreach (int fd in Fd.ListOpen() ?? [])
                    if (fd > 2)
                        Fd.TrySetCloseOnExec(fd, true);
            int pid;
            Check(AngelLibc.PosixSpawn(&pid, program, actions, attributes, argv, envp), $"posix_spawn(\"{path}\")");
            return pid;
        }
        finally
        {
            copies.ForEach(Fd.Close);
            _ = AngelLibc.FileActionsDestroy(actions);
            _ = AngelLibc.SpawnAttributesDestroy(attributes);
            foreach (byte* memory in (ReadOnlySpan<nint>)[(nint)actions, (nint)attributes, (nint)none, (nint)all])
                NativeMemory.Free(memory);
            CStrings.Free(program);
            CStrings.FreeVector(argv);
            CStrings.FreeVector(envp);
        }
    }

    /// <summary>Waits for the process to end.</summary>
    /// <returns>Its exit code, or 128 + N when signal N has killed it.</returns>
    internal static int Wait(int pid)
    {
        int status;
        while (AngelLibc.WaitPid(pid, &status, 0) < 0)
            if (Marshal.GetLastPInvokeError() != (int)Errno.EINTR)
                return 0; // another thread has reaped it
        return (status & 0x7F) is int signal and not 0 ? ExitCodes.Killed(signal) : status >> 8 & 0xFF;
    }

    private static int CopyBeyond(int fd, int first)
    {
        const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC
        int copy = Libc.Fcntl(fd, DuplicateCloseOnExec, first);
        return copy >= 0 ? copy : throw SyscallException.Last("fcntl(F_DUPFD_CLOEXEC)");
    }

    private static void Check(int errno, string call)
    {
        if (errno != 0)
            throw new SyscallException(call, errno);
    }

    private static byte* Zeroed(int length) => (byte*)NativeMemory.AllocZeroed((nuint)length);
}
