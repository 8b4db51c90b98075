using System.Text;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Angel.Posix;

/// <summary>
/// Starts a process by posix_spawn: in a group of its own, with no signal blocked or ignored, and with the given descriptors from
/// 3 up. The angel's own are all close-on-exec.
/// </summary>
internal static unsafe class Spawn
{
    private const int FirstDescriptor = 3;
    private const int ActionsSize = 512, AttributesSize = 1024; // 80 and 336 bytes in glibc; musl's are no larger
    private const short SetGroup = 2, SetDefault = 4, SetMask = 8;

    /// <param name="path">The program.</param>
    /// <param name="arguments">With the program's name first.</param>
    /// <param name="environment">"NAME=value" each.</param>
    /// <param name="descriptors">In this order from 3 up; each at most once.</param>
    /// <param name="output">What becomes descriptor 1; -1 leaves it.</param>
    /// <param name="errors">What becomes descriptor 2; -1 leaves it.</param>
    /// <returns>The PID.</returns>
    /// <exception cref="SyscallException">The kernel refused.</exception>
    internal static int Start(string path, IReadOnlyList<string> arguments, IReadOnlyList<byte[]> environment, IReadOnlyList<int> descriptors,
        int output, int errors)
    {
        byte* actions = stackalloc byte[ActionsSize];
        byte* attributes = stackalloc byte[AttributesSize];
        _ = AngelLibc.FileActionsInit(actions);
        _ = AngelLibc.SpawnAttributesInit(attributes);
        byte** argv = CStrings.MakeVector([.. arguments.Select(Encoding.UTF8.GetBytes)]), envp = CStrings.MakeVector(environment);
        byte* file = CStrings.Make(path);
        try
        {
            if (output >= 0)
                _ = AngelLibc.FileActionsAddDup2(actions, output, 1);
            if (errors >= 0)
                _ = AngelLibc.FileActionsAddDup2(actions, errors, 2);
            foreach (DescriptorMove move in DescriptorMove.Plan(descriptors, FirstDescriptor))
                if ((move.To < 0 ? AngelLibc.FileActionsAddClose(actions, move.From) : AngelLibc.FileActionsAddDup2(actions, move.From, move.To)) is not 0 and int error)
                    throw new SyscallException("posix_spawn_file_actions_adddup2", error);
            SetAttributes(attributes);
            int pid;
            int failure = AngelLibc.PosixSpawn(&pid, file, actions, attributes, argv, envp);
            return failure == 0 ? pid : throw new SyscallException($"posix_spawn(\"{path}\")", failure);
        }
        finally
        {
            _ = AngelLibc.FileActionsDestroy(actions);
            _ = AngelLibc.SpawnAttributesDestroy(attributes);
            CStrings.FreeVector(argv);
            CStrings.FreeVector(envp);
            CStrings.Free(file);
        }
    }

    private static void SetAttributes(byte* attributes)
    {
        ulong* none = stackalloc ulong[16]; // sigset_t
        ulong* all = stackalloc ulong[16];
        new Span<ulong>(none, 16).Clear();
        new Span<ulong>(all, 16).Clear();
        all[0] = ~(1UL << 8 | 1UL << 18 | 7UL << 31); // but SIGKILL, SIGSTOP, and libc's own 32 to 34
        _ = AngelLibc.SpawnAttributesSetGroup(attributes, 0);
        _ = AngelLibc.SpawnAttributesSetMask(attributes, none);
        _ = AngelLibc.SpawnAttributesSetDefault(attributes, all);
        _ = AngelLibc.SpawnAttributesSetFlags(attributes, SetGroup | SetDefault | SetMask);
    }
}
